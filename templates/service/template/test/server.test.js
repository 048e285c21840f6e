import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIG = 'x'.repeat(20_000_000);

/** The real program, where it stands, with its packages; with content of the test's own. `npm start` says what it is. */
async function start(t, { content, env = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'site-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'site.json');
  if (content !== undefined) await writeFile(file, content);
  const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const PATH = `${join(cwd, 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn('/bin/sh', ['-c', `exec ${scripts.start}`], {
    cwd,
    env: { ...process.env, PATH, PORT: '0', ...(content !== undefined && { SITE_FILE: file }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const exited = once(child, 'close');
  const started = new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
      const origin = /http:\/\/[^ ]+(?= )/.exec(said);
      if (origin) resolve(origin[0]);
    });
    exited.then(([code]) => reject(new Error(`the program ended with ${code} before it listened:\n${errors}`)));
  });
  started.catch(() => undefined);
  return { child, exited, started, errors: () => errors };
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
    const { exited, errors } = await start(t, options);
    assert.deepEqual(await exited, [1, null]);
    assert.match(errors(), message);
  }
});
