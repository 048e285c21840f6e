import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('a text that the agent was not written for', () => {
  let system: StackSystem;
  beforeAll(async () => {
    system = await startStack();
  });
  afterAll(() => system?.stop());

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
      '--json',
    ]);
    expect(built.code, built.stdout + built.stderr).toBe(0);
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
