import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { makeApiKeySecret } from '../../src/auth.js';
import { userCacheFolder } from '../../src/config.js';
import { openPglite } from '../../src/database/open-pglite.js';
import { startApi } from '../../src/start-api.js';
import { Client } from '../support/test-api.js';

let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeEach(async () => {
  folder = await tempFolder('codegen-open');
});
afterEach(() => folder.remove());

/** From the image that this machine has prepared: making a database from nothing takes some 6 s. */
const prepared = { cacheFolder: userCacheFolder(process.env) };

const rowsOf = async (path: string, options: Parameters<typeof openPglite>[1] = prepared) => {
  const { pool, close } = await openPglite(path, options);
  await pool.query('create table if not exists notes (text text)');
  await pool.query(`insert into notes values ('hello')`);
  const { rows } = await pool.query('select count(*)::int as n from notes');
  await close();
  return rows[0].n;
};

test('a folder keeps its rows, and only its owner may look into it', async () => {
  const path = join(folder.path, 'new', 'db');
  expect(await rowsOf(path)).toBe(1);
  expect(await rowsOf(path)).toBe(2);
  for (const inside of ['', 'data']) expect((await stat(join(path, inside))).mode & 0o077).toBe(0);
  expect(existsSync(join(path, 'lock'))).toBe(false);
});

test('a folder that is open is refused, naming the process', async () => {
  const path = join(folder.path, 'db');
  const { close } = await openPglite(path, prepared);
  const refused = await openPglite(path, prepared).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'DATA_FOLDER_LOCKED',
    message: expect.stringContaining(`in use by process ${process.pid}`),
  });
  await close();
  expect(await rowsOf(path)).toBe(1);
});

test('of many that open a folder at once, one gets it', async () => {
  const path = join(folder.path, 'db');
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => openPglite(path, prepared)));
  const opened = outcomes.filter((one) => one.status === 'fulfilled');
  expect(opened).toHaveLength(1);
  await opened[0]?.value.close();
});

test('an initialisation that was cut off starts anew', async () => {
  const path = join(folder.path, 'db');
  await mkdir(join(path, 'data'), { recursive: true });
  await writeFile(join(path, 'data', 'PG_VERSION'), '18\n');
  expect(await rowsOf(path)).toBe(1);
});

// Three whole initialisations: some 6 s each, more on a busy machine.
test('the prepared image is made once and used; a broken or foreign one is not', async () => {
  const cacheFolder = join(folder.path, 'cache');
  const open = (name: string) => rowsOf(join(folder.path, name), { cacheFolder });
  expect(await open('first')).toBe(1);
  const [image = ''] = await readdir(cacheFolder);
  expect(image).toMatch(/^pglite-[\d.]+\.tar\.gz$/);
  expect((await stat(join(cacheFolder, image))).mode & 0o777).toBe(0o600);
  expect(await open('second')).toBe(1);
  await writeFile(join(cacheFolder, image), 'not a tarball');
  expect(await open('third')).toBe(1);
  expect((await stat(join(cacheFolder, image))).size).toBeGreaterThan(1_000_000);
  await chmod(join(cacheFolder, image), 0o666);
  expect(await open('fourth')).toBe(1);
  expect((await stat(join(cacheFolder, image))).mode & 0o777).toBe(0o600);
}, 240_000);

test('without tar, the image is unpacked by PGlite', async () => {
  expect(await rowsOf(join(folder.path, 'first'))).toBe(1);
  const [image = ''] = await readdir(prepared.cacheFolder as string);
  const cacheFolder = join(folder.path, 'cache');
  await cp(join(prepared.cacheFolder as string, image), join(cacheFolder, image));
  const before = await stat(join(cacheFolder, image));
  const { PATH } = process.env;
  process.env.PATH = folder.path;
  try {
    expect(await rowsOf(join(folder.path, 'second'), { cacheFolder })).toBe(1);
  } finally {
    process.env.PATH = PATH;
  }
  // It would have been made anew had it not served.
  expect((await stat(join(cacheFolder, image))).ino).toBe(before.ino);
}, 120_000);

test('the API keeps its data over a restart on the same folder, and no secret lies in it', async () => {
  const adminToken = makeApiKeySecret();
  const masterKeyFile = join(folder.path, 'keys', 'vault.key');
  const database = { folder: join(folder.path, 'db'), ...prepared };
  const start = () => startApi({ host: '127.0.0.1', port: 0, database, adminToken, masterKeyFile });
  const first = await start();
  const admin = new Client(first.url, adminToken);
  const project = await admin.createProject('kept');
  const { user } = await admin.ok('GET', '/whoami');
  const { secret } = await admin.ok('POST', '/api-keys', { name: 'k', user_id: user.id }, { key: 'k' });
  const value = 'the-value-of-the-secret-0123456789';
  await admin.ok('PUT', '/projects/kept/secrets/A', { value }, { key: 's' });
  await first.stop();

  const second = await start();
  const again = new Client(second.url, secret);
  expect(await again.ok('GET', '/projects/kept')).toEqual(project);
  const reference = `vault:project/${project.id}`;
  const resolved = await new Client(second.url, adminToken).ok('POST', '/secrets/resolve', { reference });
  expect(resolved).toEqual({ values: { A: value } });
  await second.stop();

  expect((await stat(masterKeyFile)).mode & 0o777).toBe(0o600);
  const everything = Buffer.concat(
    await Promise.all(
      (await readdir(database.folder, { recursive: true, withFileTypes: true }))
        .filter((one) => one.isFile())
        .map((one) => readFile(join(one.parentPath, one.name))),
    ),
  );
  expect(everything.includes(project.id)).toBe(true);
  for (const text of [secret.slice(13), adminToken.slice(13), value]) {
    expect(everything.includes(text)).toBe(false);
    expect(everything.includes(Buffer.from(text).toString('hex'))).toBe(false);
  }
});
