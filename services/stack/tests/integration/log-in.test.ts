import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type FakeApi, startFakeApi, TOKEN } from '../../../../packages/sdk/tests/support/fake-api.js';
import { logIn, useOtherSystem } from '../../src/log-in.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function system(): Promise<FakeApi> {
  const api = await startFakeApi();
  ends.push(() => api.stop());
  return api;
}

interface Stored {
  current_profile: string;
  profiles: Record<string, { api_url: string; data_dir: string }>;
}

async function accountOf() {
  const folder = await mkdtemp(join(tmpdir(), 'codegen-login-'));
  ends.push(() => rm(folder, { recursive: true }));
  const env = { ...process.env, ORCHESTRATOR_CONFIG_DIR: folder };
  const stackOf = (api: FakeApi) => ({
    apiUrl: api.url,
    dataDir: `/data/of/${api.url.slice(-5)}`,
    redisUrl: 'redis://127.0.0.1:6379',
    issuePersonKey: async () => TOKEN,
  });
  return {
    file: join(folder, 'config.json'),
    tokenFile: (profile: string) => join(folder, `${profile}.token`),
    logIn: (api: FakeApi) => logIn(stackOf(api), env),
    useOtherSystem: (api: FakeApi) => useOtherSystem(stackOf(api), env),
    stored: async () => JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Stored,
  };
}

test('a second system has its own login, and commands use the first one again when it ends', async () => {
  const { tokenFile, logIn, useOtherSystem, stored } = await accountOf();
  const [first, second] = [await system(), await system()];

  expect(await logIn(first)).toEqual({ profile: 'local', tokenFile: tokenFile('local') });
  expect(await logIn(first)).toEqual({ profile: 'local', tokenFile: tokenFile('local') });
  const left = { name: 'local', api_url: first.url };
  expect(await logIn(second)).toMatchObject({ profile: 'local-2', tokenFile: tokenFile('local-2'), left });
  const { current_profile, profiles } = await stored();
  expect(current_profile).toBe('local-2');
  for (const [name, { url }] of Object.entries({ local: first, 'local-2': second })) {
    for (const profile of [name, `${name}-admin`]) {
      expect(profiles[profile]).toMatchObject({ api_url: url, data_dir: `/data/of/${url.slice(-5)}` });
    }
  }

  await second.stop();
  expect(await useOtherSystem(second)).toMatchObject(left);
  expect((await stored()).current_profile).toBe('local');
  expect((await logIn(first)).left).toBeUndefined();
});

test('a system that ends changes the current profile only if that is its own and another one runs', async () => {
  const { logIn, useOtherSystem, stored } = await accountOf();
  const [first, second] = [await system(), await system()];
  await logIn(first);
  await logIn(second);

  expect(await useOtherSystem(first)).toBeUndefined();
  await first.stop();
  expect(await useOtherSystem(second)).toBeUndefined();
  expect((await stored()).current_profile).toBe('local-2');
});

test('the next system reuses the login of one that is gone', async () => {
  const { logIn, stored } = await accountOf();
  const [first, second] = [await system(), await system()];
  await logIn(first);
  await first.stop();

  expect(await logIn(second)).toMatchObject({ profile: 'local' });
  expect(Object.keys((await stored()).profiles).sort()).toEqual(['local', 'local-admin']);
});

test('systems that start at the same time get separate logins', async () => {
  const { logIn, stored } = await accountOf();
  const systems = await Promise.all([system(), system(), system()]);

  const logins = await Promise.all(systems.map(logIn));
  expect(logins.map(({ profile }) => profile).sort()).toEqual(['local', 'local-2', 'local-3']);
  const { profiles } = await stored();
  expect(new Set(logins.map(({ profile }) => profiles[profile]?.api_url))).toEqual(
    new Set(systems.map(({ url }) => url)),
  );
});

test('an invalid configuration is named in the error, with a next step', async () => {
  const { file, logIn } = await accountOf();
  await writeFile(file, '{broken', { mode: 0o600 });
  await expect(logIn(await system())).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(`the configuration ${file} is invalid`),
    next: [{ command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER' }],
  });
});
