import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeApiKeySecret, openPglite, startApi } from '@codegen/api';
import { createApi } from '@codegen/sdk/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { issuePersonKey } from '../../src/keys.js';

let folder: Awaited<ReturnType<typeof tempFolder>>;
let database: Awaited<ReturnType<typeof openPglite>>;
let api: Awaited<ReturnType<typeof startApi>>;
let run: string;
const adminToken = makeApiKeySecret();
const logger = { debug() {}, info() {}, warn() {}, error() {} };

beforeAll(async () => {
  folder = await tempFolder('codegen-person');
  run = join(folder.path, 'run');
  await mkdir(run);
  database = await openPglite(join(folder.path, 'db'));
  const pool = database.pool;
  api = await startApi({
    host: '127.0.0.1',
    port: 0,
    database: { pool },
    adminToken,
    masterKey: Buffer.alloc(32),
    logger,
  });
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await database?.close();
  await folder.remove();
});

it('the person’s key outlives a start while it is good, and nothing in the data folder is a key', async () => {
  const admin = createApi({ apiUrl: api.url, token: adminToken });
  const issue = (kept?: string) => issuePersonKey(admin, api.url, run, { role: 'user', kept });
  const whoami = (token: string) => createApi({ apiUrl: api.url, token, retry: { attempts: 1 } }).whoami();

  const first = await issue();
  const { user, key } = await whoami(first);
  expect(await issue(first)).toBe(first);
  expect(await readFile(join(run, 'person.json'), 'utf8')).not.toContain('cgk_');

  const second = await issue('no token at all\u0007');
  expect((await whoami(second)).user.id).toBe(user.id);
  await expect(whoami(first)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await issue(adminToken)).not.toBe(adminToken);

  // The CLI may have the key of another system by now: keys made with this one are in use, perhaps by CI.
  const { secret: made } = await createApi({ apiUrl: api.url, token: await issue() }).keys.create({ name: 'ci' });
  await issue('the key of another system');
  expect((await whoami(made)).key.name).toBe('ci');

  const third = await issue();
  await admin.keys.revoke((await whoami(third)).key.id);
  const fourth = await issue(third);
  expect(fourth).not.toBe(third);
  expect((await whoami(fourth)).key.id).not.toBe(key.id);

  await writeFile(join(run, 'person.json'), '{"user_id":');
  expect((await whoami(await issue(fourth))).user.name).toBe('local');
});

it('the administrator key is another key of the same person, and each is kept by itself', async () => {
  const admin = createApi({ apiUrl: api.url, token: adminToken });
  const issue = (role: 'user' | 'admin', kept?: string) => issuePersonKey(admin, api.url, run, { role, kept });
  const whoami = (token: string) => createApi({ apiUrl: api.url, token, retry: { attempts: 1 } }).whoami();

  const strong = await issue('admin');
  const daily = await issue('user');
  const [one, other] = [await whoami(strong), await whoami(daily)];
  expect([one.key.role, other.key.role]).toEqual(['admin', 'user']);
  expect(one.user.id).toBe(other.user.id);
  expect([await issue('admin', strong), await issue('user', daily)]).toEqual([strong, daily]);

  // The daily key neither passes for the other one nor ends it.
  expect((await whoami(await issue('admin', daily))).key.role).toBe('admin');
  await expect(whoami(strong)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const stronger = (await whoami(await issue('admin'))).key.id;
  await expect(createApi({ apiUrl: api.url, token: daily }).keys.revoke(stronger)).rejects.toMatchObject({
    code: 'FORBIDDEN',
    choices: ['admin'],
  });
  expect((await whoami(daily)).key.role).toBe('user');
});
