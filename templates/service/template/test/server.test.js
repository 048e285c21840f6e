import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const BIG = 'x'.repeat(20_000_000);

/** The real program, in a folder of its own so that its content can be chosen. */
async function start(t, { content, env = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'site-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(new URL('../src', import.meta.url), join(folder, 'src'), { recursive: true });
  await cp(new URL('../content', import.meta.url), join(folder, 'content'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  if (content !== undefined) await writeFile(join(folder, 'content/site.json'), content);
  const child = spawn(process.execPath, ['src/server.js'], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const started = once(child.stdout, 'data').then((data) => /http:\/\/[^ ]+/.exec(String(data))[0]);
  return { child, exited, started };
}

test('a stop lets the answer under way finish, takes no new one, and exits with 0', async (t) => {
  const content = JSON.stringify({ title: 'T', intro: '', posts: [{ slug: 'big', title: 'Big', body: BIG }] });
  const { child, exited, started } = await start(t, { content, env: { RELEASE: 'r7' } });
  const origin = await started;
  assert.deepEqual(await (await fetch(`${origin}/health`)).json(), { status: 'ok', release: 'r7' });

  const [response] = await once(get(`${origin}/posts`), 'response');
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assert.rejects(fetch(`${origin}/health`));
  let text = '';
  for await (const chunk of response) text += chunk;

  assert.equal(JSON.parse(text)[0].body.length, BIG.length);
  assert.deepEqual(await exited, [0, null]);
});

test('broken content or a bad port stops the start, saying why', async (t) => {
  for (const [options, message] of [
    [{ content: '{"title": 1}' }, /title must be a text/],
    [{ env: { PORT: 'eighty' } }, /PORT is "eighty"/],
  ]) {
    const { child, exited } = await start(t, options);
    let errors = '';
    child.stderr.on('data', (data) => {
      errors += data;
    });
    assert.deepEqual(await exited, [1, null]);
    assert.match(errors, message);
  }
});
