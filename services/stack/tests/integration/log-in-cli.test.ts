import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type FakeApi, startFakeApi, TOKEN } from '../../../../packages/sdk/tests/support/fake-api.js';
import { logInCli } from '../../src/log-in-cli.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function system(): Promise<FakeApi> {
  const api = await startFakeApi();
  ends.push(() => api.stop());
  return api;
}

test('a login says which other system commands went to, as long as that one answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codegen-login-'));
  ends.push(() => rm(folder, { recursive: true }));
  const logIn = (api: FakeApi) => {
    const stack = {
      apiUrl: api.url,
      dataDir: `/data/of/${api.url.slice(-5)}`,
      redisUrl: 'redis://127.0.0.1:6379',
      issuePersonKey: async () => TOKEN,
    };
    return logInCli(stack, { ...process.env, ORCHESTRATOR_CONFIG_DIR: folder });
  };
  const [first, second] = [await system(), await system()];

  const tokenFile = join(folder, 'local.token');
  expect(await logIn(first)).toEqual({ tokenFile });
  expect(await logIn(first)).toEqual({ tokenFile });
  expect(await logIn(second)).toEqual({ tokenFile, left: first.url });
  const { profiles } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  for (const name of ['local', 'local-admin']) {
    expect(profiles[name]).toMatchObject({ api_url: second.url, data_dir: `/data/of/${second.url.slice(-5)}` });
  }
  await second.stop();
  expect(await logIn(first)).toEqual({ tokenFile });
});
