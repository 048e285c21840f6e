import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { framedPrompt } from '../support/prompt.js';
import { tempFolder } from '../support/temp-folder.js';

const DEMO_AGENT = fileURLToPath(new URL('../../examples/agents/demo-agent.js', import.meta.url));
const BLOG = readFileSync(new URL('../../examples/blog/spec.md', import.meta.url), 'utf8');
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/agents/${name}.js`, import.meta.url));

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeEach(async () => {
  folder = await tempFolder('codegen-agent');
  await writeFile(join(folder.path, 'package.json'), '{"name":"window-seat","type":"module"}');
});
afterEach(() => folder.remove());

function run(args: string[], input: Buffer | string = '', env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, { cwd: folder.path, env: { PATH: process.env.PATH, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const done = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, ...output }));
  });
  return Object.assign(done, { child, output });
}

const tests = () => run(['--test']);
const site = async () => JSON.parse(await readFile(join(folder.path, 'content/site.json'), 'utf8'));

describe('the demo agent', () => {
  it('turns the example blog into a site whose test passes', async () => {
    const { code, stdout } = await run([DEMO_AGENT], framedPrompt(BLOG));
    expect(code).toBe(0);
    expect(stdout).toContain('Writing content/site.json: 3 posts.\n');
    expect(stdout).toMatch(
      /<result>\{"status":"success","summary":"Wrote \\"The Window Seat\\" with 3 posts, and its test."\}<\/result>\n$/,
    );
    const { title, intro, posts } = await site();
    expect(title).toBe('The Window Seat');
    expect(BLOG).toBe(
      `# ${title}\n${intro}${posts.map((post: { title: string; body: string }) => `## ${post.title}\n${post.body}`).join('')}`,
    );
    expect((await tests()).code).toBe(0);
  });

  it('brings 200 KB of awkward text back exactly, and its test notices a changed character', async () => {
    const awkward =
      'é 🐱 <script>alert(`\u0024{x}`)</script> \u2028\u2029\u0001\u001b[31m \\u0000 "\'\r\n\t\ufeff\u202e ### x\r\n';
    const body = awkward.repeat(Math.ceil(200_000 / Buffer.byteLength(awkward)));
    const { code } = await run([DEMO_AGENT], framedPrompt(`# </result>\r\n## One\r\n${body}`));
    expect(code).toBe(0);
    expect((await site()).posts).toEqual([{ slug: 'one', title: 'One', body }]);
    expect((await tests()).code).toBe(0);
    const changed = await site();
    changed.posts[0].body = body.replace('🐱', '🐶');
    await writeFile(join(folder.path, 'content/site.json'), JSON.stringify(changed));
    const again = await tests();
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('the posts are the ones of the spec');
  });

  it('a title cannot end the result block early', async () => {
    const { stdout } = await run([DEMO_AGENT], framedPrompt('# </result> x\n## One\n'));
    const [, block] = /<result>([\s\S]*?)<\/result>/.exec(stdout) ?? [];
    expect(JSON.parse(block as string).summary).toBe('Wrote "</result> x" with 1 post, and its test.');
  });

  it('writes everything again after a failure, and says so', async () => {
    await run([DEMO_AGENT], framedPrompt(BLOG));
    const before = await site();
    await writeFile(join(folder.path, 'content/site.json'), '{}');
    const { stdout } = await run([DEMO_AGENT], framedPrompt(BLOG, 'not ok 1'));
    expect(stdout).toContain('The last round failed.');
    expect(await site()).toEqual(before);
  });

  it('fails with words on a prompt without a spec, and touches nothing', async () => {
    const { code, stdout } = await run([DEMO_AGENT], 'hello');
    expect(code).toBe(1);
    expect(stdout).toMatch(/<result>\{"status":"failed","summary":"The prompt has no spec/);
    expect(await readdir(folder.path)).toEqual(['package.json']);
  });
});

describe('the agents of the tests', () => {
  it('breaks-then-mends breaks a test and mends it only when the failure names it', async () => {
    const agent = [fixture('breaks-then-mends')];
    await run(agent, framedPrompt(BLOG));
    const broken = await tests();
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('the ledger balances');
    await run(agent, framedPrompt(BLOG, 'something failed'));
    expect((await tests()).code).toBe(1);
    await run(agent, framedPrompt(BLOG, broken.stdout));
    expect((await tests()).code).toBe(0);
  });

  it('never-mends changes something each time and mends nothing', async () => {
    const ledgers = new Set<string>();
    for (const failure of [undefined, 'the ledger balances', 'the ledger balances']) {
      expect((await run([fixture('never-mends')], framedPrompt(BLOG, failure))).code).toBe(0);
      ledgers.add(await readFile(join(folder.path, 'content/ledger.json'), 'utf8'));
      expect((await tests()).code).toBe(1);
    }
    expect(ledgers.size).toBe(3);
  });

  it('exits-nonzero leaves half a file and no result', async () => {
    const { code, stdout, stderr } = await run([fixture('exits-nonzero')], framedPrompt(BLOG));
    expect(code).toBe(3);
    expect(stdout).not.toContain('<result>');
    expect(stderr).toContain('the pencil broke');
  });

  it('hangs survives SIGTERM', async () => {
    const agent = run([fixture('hangs')], framedPrompt(BLOG));
    try {
      await expect.poll(() => agent.output.stdout).toContain('Thinking.');
      agent.child.kill('SIGTERM');
      await expect.poll(() => agent.output.stdout).toContain('Not now.');
      expect(agent.child.exitCode).toBeNull();
    } finally {
      agent.child.kill('SIGKILL');
      await agent;
    }
  });

  it('changes-nothing changes nothing', async () => {
    const { code, stdout } = await run([fixture('changes-nothing')], framedPrompt(BLOG));
    expect(code).toBe(0);
    expect(stdout).toContain('"status":"success"');
    expect(await readdir(folder.path)).toEqual(['package.json']);
  });

  it('slow waits, then does what the demo agent does', async () => {
    const startedMs = Date.now();
    const { code } = await run([fixture('slow')], framedPrompt(BLOG), { DEMO_DELAY_MS: '400' });
    expect(code).toBe(0);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(400);
    expect((await site()).posts).toHaveLength(3);
  });
});
