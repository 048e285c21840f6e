import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, startTestApi, type TestDatabase } from '../../services/api/tests/support/test-api.js';

const document = await readFile(resolve(import.meta.dirname, '..', '..', 'docs', 'http.md'), 'utf8');
const lines = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('');
/** Stands for what each reader has of his own. */
const settings = /^export API=\S+ KEY=cgk_…$/m;

let database: TestDatabase;
let api: Awaited<ReturnType<typeof startTestApi>>;
beforeAll(async () => {
  database = await openTestDatabase('PGlite');
  api = await startTestApi(database);
});
afterAll(async () => {
  await api?.stop();
  await database?.close();
});

it('the lines of docs/http.md work as they stand, one after the other', async () => {
  const { token } = await api.user({ role: 'user', scopes: ['*'] });
  expect(lines).toMatch(settings);
  // Each answer on a line of its own; a poll for what nobody does would last its whole time.
  const script = lines
    .replace(settings, 'curl() { command curl -f "$@" && echo; }')
    .replace('wait_ms=25000', 'wait_ms=100');
  const env = { PATH: process.env.PATH, API: api.url, KEY: token };
  const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], { env });

  expect(stderr).toBe('');
  const [whoami, project, events] = stdout
    .trim()
    .split(/\n+/)
    .map((line) => JSON.parse(line));
  expect(whoami.user).toBeTruthy();
  expect(project).toMatchObject({ name: 'shop', description: 'Sells umbrellas' });
  expect(events).toMatchObject({ task: { project_id: project.id, type: 'engineering' }, items: expect.any(Array) });
});
