import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchStreams } from './support/streams.js';
import { type StackSystem, startStack } from './support/system.js';

const run = promisify(execFile);

const sentence = 'A lighthouse keeper’s diary, kept by someone who misses the fog-zanzibar.';
const prose = [
  'Every harbour has a noise of its own, and ours is the quobbling of ropes.',
  '',
  'Nobody taught the gulls to be rude; they are self-taught, & proud of it.',
  '',
  'When the tide is out, "the floor of the world" is for sale: <two shillings>.',
].join('\n');
// biome-ignore lint/suspicious/noTemplateCurlyInString: a text that must not be taken for code
const block = 'Zwölf 🥊 & <script>alert("${x}")</script> `tick` \\back\\ ${process.env.HOME} \u2028 ende.\r\n';
const long = `Prefix-vexillology ${block.repeat(Math.ceil((200 * 1024) / Buffer.byteLength(block)))}`;

let system: StackSystem;
let watch: Awaited<ReturnType<typeof watchStreams>>;
beforeAll(async () => {
  system = await startStack();
  watch = await watchStreams(system.redisUrl);
});
afterAll(async () => {
  watch?.stop();
  await system?.stop();
});

describe('a text that the agent was not written for', () => {
  it.each([
    ['one sentence', 'sentence', sentence, 'fog-zanzibar'],
    ['prose without headings', 'prose', prose, 'quobbling'],
    ['200 KB with CRLF, emoji and code', 'long', long, 'Prefix-vexillology'],
  ])('comes back exact as JSON and escaped in HTML: %s', async (_title, name, text, word) => {
    const file = join(system.home, `${name}.md`);
    await writeFile(file, text);
    expect((await system.cli(['project', 'create', '--name', name])).code).toBe(0);
    const built = await system.cli([
      'engineering',
      'start',
      '--project',
      name,
      '--spec-file',
      file,
      '--wait',
      '--verbose',
      '--json',
    ]);
    expect(built.code, built.stdout + built.stderr).toBe(0);
    expect(built.stdout + built.stderr).not.toContain(system.token.slice(13));
    const deployed = await system.cli(['deploy', 'start', '--project', name, '--wait', '--json']);
    expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
    const url = deployed.json().data.result.deployed_url as string;

    const posts = (await (await fetch(`${url}/posts`)).json()) as { body: string }[];
    expect(posts.map((post) => post.body)).toEqual([text]);

    const html = await (await fetch(url)).text();
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<two shillings>');
    const unescaped = html
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
    expect(unescaped).toContain(text.split(/\r?\n/)[0] as string);

    const repo = join(system.reposDir, 'local', `${deployed.json().data.project_id}.git`);
    const { stdout } = await run('git', ['-C', repo, 'log', '-S', word, '--reverse', '--format=%an', 'main']);
    expect(stdout.split('\n')[0]).toMatch(/agent/i);
  });
});

// After the work above, which went through everything that could have kept it.
describe("a key's secret", () => {
  it('is found nowhere in the data folder, logs included', async () => {
    // Forty-three characters of it are the secret; the rest is a prefix that may be shown.
    const secret = system.token.slice(13);
    expect(secret).toHaveLength(43);
    let files = 0;
    for (const entry of await readdir(system.dataDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
      if (bytes.length > 0) files += 1;
      expect(bytes.includes(secret), entry.name).toBe(false);
      // No service's key either: whatever looks like a whole key is one too many.
      expect(bytes.toString('latin1'), entry.name).not.toMatch(/cgk_[0-9a-f]{8}_[\w-]{43}/);
    }
    expect(files).toBeGreaterThan(20);
  });

  it('is found in no stream', () => {
    expect(watch.entries.length).toBeGreaterThan(10);
    expect(watch.entries.filter((entry) => /cgk_[0-9a-f]{8}_[\w-]{43}/.test(entry.data))).toEqual([]);
  });
});
