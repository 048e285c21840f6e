import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import type { CommandId } from '../../src/command-table.js';
import { envelopeOf, makeSystem } from '../support/run-cli.js';
import { type HereOptions, runHere } from '../support/run-here.js';

let fake: FakeApi;
let env: NodeJS.ProcessEnv;
let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  fake = await startFakeApi();
  ({ path: folder, remove } = await tempFolder('codegen-cli'));
  env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN, ORCHESTRATOR_CONFIG_DIR: join(folder, 'config') };
});
afterEach(async () => {
  await fake.stop();
  await remove();
});

const run = (id: CommandId, argv: readonly string[] = [], options: Partial<HereOptions> = {}) =>
  runHere(id, argv, { env, ...options });

describe('auth key create', () => {
  it('gives the secret once, in the data, with a warning to store it', async () => {
    const { data, text, runtime } = await run('auth.key.create', ['ci', '--scopes', 'deploy.*, project.get']);

    expect(data).toMatchObject({ key: { name: 'ci', scopes: ['deploy.*', 'project.get'], expires_at: null } });
    expect(data.secret).toMatch(/^cgk_[0-9a-f]{8}_/);
    expect(text.split('\n').at(-1)).toBe(data.secret);
    expect(runtime.warnings).toEqual([expect.stringContaining('store it now')]);
  });

  it('makes one for somebody else', async () => {
    const { data, text } = await run('auth.key.create', ['ci', '--user', 'user_ann']);
    expect(data.key).toMatchObject({ user_id: 'user_ann' });
    expect(text).toMatch(/user +user_ann/);
  });

  it('shows the secret nowhere else, however much is asked to be told', async () => {
    const { machine, stop } = await makeSystem();
    try {
      const options = { env: { DEBUG: 'orchestrator*', ORCHESTRATOR_DEBUG: '1' } };
      const ended = await machine.run(['auth', 'key', 'create', 'ci', '--json', '--verbose'], options);
      const secret = String(envelopeOf(ended).data.secret);
      const list = await machine.run(['auth', 'key', 'list', '--json'], options);

      expect(ended.stdout.split(secret)).toHaveLength(2);
      expect(ended.stderr).toContain('POST /api-keys → 201');
      expect(ended.stderr + list.stdout + list.stderr).not.toContain(secret.slice(-20));
    } finally {
      await stop();
    }
  });

  it('writes the secret to a new file for the user alone, and then prints it not', async () => {
    const file = join(folder, 'token.txt');
    const { data, text } = await run('auth.key.create', ['ci', '--out', file]);
    const secret = await readFile(file, 'utf8');

    expect(data).toEqual({ key: expect.anything(), file });
    expect(secret).toMatch(/^cgk_[0-9a-f]{8}_\S+\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(text).not.toContain(secret.trim());
  });

  it('overwrites no file, and leaves none behind where no key is made', async () => {
    const file = join(folder, 'token.txt');
    await writeFile(file, 'mine');
    await expect(run('auth.key.create', ['ci', '--out', file])).rejects.toMatchObject({ code: 'USAGE' });
    expect(fake.seen).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe('mine');

    const other = join(folder, 'other.txt');
    await expect(run('auth.key.create', ['', '--out', other])).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(stat(other)).rejects.toThrow('ENOENT');
  });

  it('whose answer was lost says which key to revoke, and shows its secret nowhere', async () => {
    const file = join(folder, 'token.txt');
    let lost = 0;
    fake.transform = (answer) => {
      if (answer.status !== 201 || lost > 0) return answer;
      lost += 1;
      return { status: 502, body: 'gone' };
    };
    const failed = run('auth.key.create', ['ci', '--out', file]);

    await expect(failed).rejects.toMatchObject({ code: 'SECRET_SHOWN', exitCode: 5, retryable: false });
    const made = fake.keys.filter(({ name }) => name === 'ci');
    expect(made).toHaveLength(1);
    const { next } = (await failed.catch((error: unknown) => error)) as { next: { command: string }[] };
    expect(next[0]?.command).toBe(`orchestrator auth key revoke ${made[0]?.id}`);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it('takes a date or how long from now', async () => {
    const at = async (expires: string) =>
      (await run('auth.key.create', ['ci', '--expires', expires])).data.key.expires_at as string;

    expect(await at('2030-01-31')).toBe('2030-01-31T00:00:00.000Z');
    expect(await at('2030-01-31T12:00:00+02:00')).toBe('2030-01-31T10:00:00.000Z');
    expect(Math.abs(Date.parse(await at('90d')) - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000);
    for (const wrong of ['soon', '2030-02-31x', '2030-13-01']) {
      await expect(at(wrong)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('--expires') });
    }
  });
});

describe('auth key list and revoke', () => {
  it('lists what is valid, or all', async () => {
    const { data: made } = await run('auth.key.create', ['ci']);
    await run('auth.key.revoke', [made.key.id, '--yes']);
    const valid = await run('auth.key.list', ['--fields', 'name']);
    const all = await run('auth.key.list', ['--all']);

    expect(valid.data.items).toEqual([{ name: 'test' }]);
    expect(all.text).toMatch(new RegExp(`^KEY .*\\n${made.key.id} +ci +revoked +never +\\*\\nkey_1 +test +valid`));
  });

  it('wants --yes where nobody can be asked, and says where the ids are', async () => {
    const { data: made } = await run('auth.key.create', ['ci']);
    await expect(run('auth.key.revoke', [made.key.id])).rejects.toMatchObject({
      ...{ code: 'INPUT_REQUIRED', details: { missing: ['--yes'] } },
      next: [{ command: `orchestrator auth key revoke ${made.key.id} --yes` }],
    });
    expect(fake.keys.at(-1)?.revoked_at).toBeNull();
    await expect(run('auth.key.revoke', ['ci', '--yes'])).rejects.toMatchObject({
      ...{ code: 'NOT_FOUND', choices: [made.key.id], next: [{ command: 'orchestrator auth key list' }] },
    });
  });
});

describe('user create', () => {
  it('adds somebody, and says how they get a key', async () => {
    env.ORCHESTRATOR_TOKEN = fake.makeToken(['user.create'], 'admin');
    const { data, text } = await run('user.create', ['Ann']);
    expect(data).toMatchObject({ name: 'Ann', telegram_id: null });
    expect(text).toContain(`orchestrator auth key create NAME --user ${data.id}`);
    expect((await run('user.create', ['Bob', '--telegram-id', '5000000001'])).data.telegram_id).toBe(5_000_000_001);
  });
});

describe('user list, disable and enable', () => {
  const disabled = () => fake.users.map((one) => [one.name, one.disabled_at !== null]);
  beforeEach(async () => {
    env.ORCHESTRATOR_TOKEN = fake.makeToken(['user.*'], 'admin');
    for (const name of ['Ann', 'Bob']) await run('user.create', [name]);
  });

  it('lists everybody, newest first, page by page', async () => {
    const { data, text } = await run('user.list', ['--limit', '1', '--fields', 'id,name']);
    expect(data.items).toEqual([{ id: fake.users[1]?.id, name: 'Bob' }]);
    expect(text).toContain(`More: --cursor ${data.next_cursor}`);
    await run('user.disable', [String(fake.users[0]?.id), '--yes']);
    expect((await run('user.list')).text).toMatch(/Bob +user +[\s\S]*Ann +disabled/);
  });

  it('disables one after asking, says how to take it back, and takes it back', async () => {
    const id = String(fake.users[0]?.id);
    await expect(run('user.disable', [id])).rejects.toMatchObject({
      next: [{ command: `orchestrator user disable ${id} --yes` }],
    });
    expect(disabled()).toEqual([['Ann', false], ['Bob', false]]); // biome-ignore format: a table
    expect((await run('user.disable', [id, '--yes'])).text).toContain(`orchestrator user enable ${id}`);
    expect(disabled()).toEqual([['Ann', true], ['Bob', false]]); // biome-ignore format: a table
    expect((await run('user.enable', [id])).data.disabled_at).toBeNull();
    expect(disabled()).toEqual([['Ann', false], ['Bob', false]]); // biome-ignore format: a table
  });

  it('says where ids come from', async () => {
    for (const [id, flags] of [
      ['user.disable', ['--yes']],
      ['user.enable', []],
    ] as const) {
      await expect(run(id, ['user_none', ...flags])).rejects.toMatchObject({
        ...{ code: 'NOT_FOUND', next: [{ command: 'orchestrator user list' }] },
      });
      await expect(run(id, [...flags])).rejects.toMatchObject({ code: 'INPUT_REQUIRED' });
    }
  });
});

describe('infra server', () => {
  beforeEach(() => {
    env.ORCHESTRATOR_TOKEN = fake.makeToken(['infra.server.*'], 'admin');
  });

  it('set adds a server, and later changes only what is said', async () => {
    const { data } = await run('infra.server.set', ['box', '--ip', '10.0.0.7', '--port-to', '18009']);
    const box = { handle: 'box', ip: '10.0.0.7', status: 'active', specs: null, port_from: 18_000, port_to: 18_009 };
    expect(data).toMatchObject(box);
    const specs = join(folder, 'specs.json');
    await writeFile(specs, '{"specs": {"ram_gb": 8}}');
    await run('infra.server.set', ['box', '--input', specs]);
    for (let n = 0; n < 2; n += 1) await run('infra.server.set', ['box', '--status', 'maintenance']);
    expect(fake.servers).toMatchObject([{ ...box, specs: { ram_gb: 8 }, status: 'maintenance' }]);
    expect((await run('infra.server.list')).text).toMatch(/box +maintenance +local +10\.0\.0\.7 +18000-18009/);
    await run('infra.server.set', ['box', '--kind', 'ansible']);
    const { text } = await run('infra.server.set', ['box', '--status', 'active']);
    expect(text).toMatch(/kind +ansible/);
    expect(fake.servers).toMatchObject([{ ...box, specs: { ram_gb: 8 }, kind: 'ansible', status: 'active' }]);
  });

  it('set stores nothing in a dry run', async () => {
    const { data, text } = await run('infra.server.set', ['box', '--ip', '10.0.0.7', '--dry-run']);
    expect(data).toMatchObject({ handle: 'box', dry_run: true });
    expect(text).toContain('Nothing was stored');
    expect(fake.servers).toEqual([]);
    expect((await run('infra.server.list')).text).toContain('orchestrator infra server set HANDLE');
  });

  it('set refuses an address that is none before it asks for a login', async () => {
    delete env.ORCHESTRATOR_TOKEN;
    const refused = run('infra.server.set', ['box', '--ip', '999.1.1.1']);
    await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED', message: /--ip: must be an address/ });
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
  });

  it('set refuses what is no server', async () => {
    await expect(run('infra.server.set', ['box'])).rejects.toMatchObject({ code: 'INPUT_REQUIRED', message: /--ip/ });
    await expect(run('infra.server.set', ['box', '--ip', 'http://x/'])).rejects.toMatchObject({
      ...{ code: 'VALIDATION_FAILED', message: expect.stringContaining('--ip: must be an address') },
    });
    for (const flags of [
      ['--status', 'gone'],
      ['--port-to', '70000'],
    ]) {
      await expect(run('infra.server.set', ['box', '--ip', '::1', ...flags])).rejects.toMatchObject({ code: 'USAGE' });
    }
  });
});

describe('config', () => {
  const stored = { current_profile: 'one', profiles: { one: { api_url: '', token: 'tok-sEcReT-0000' } } };
  const file = () => join(folder, 'config', 'config.json');
  const alone = () => ({ env: { ORCHESTRATOR_CONFIG_DIR: join(folder, 'config') } });
  const config = async () => JSON.parse(await readFile(file(), 'utf8'));

  beforeEach(async () => {
    stored.profiles.one.api_url = fake.url;
    await mkdir(join(folder, 'config'), { mode: 0o700 });
    await writeFile(file(), JSON.stringify(stored), { mode: 0o600 });
  });

  it('set stores a setting of the profile in use, for the user alone', async () => {
    await chmod(file(), 0o644);
    const { data } = await run('config.set', ['project', 'todo-api'], alone());
    const { data: got } = await run('config.get', ['project'], alone());

    expect(data).toEqual({ name: 'project', profile: 'one', stored: true });
    expect(await config()).toEqual({ ...stored, profiles: { one: { ...stored.profiles.one, project: 'todo-api' } } });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(got).toEqual({ name: 'project', value: 'todo-api', source: 'user config', from: 'profile one' });
    expect((await run('project.get', [], alone()).catch((error) => error)).code).toBe('UNAUTHENTICATED');
  });

  it('set forgets, and get of what is not there is empty and no error', async () => {
    await run('config.set', ['project', 'todo-api'], alone());
    await run('config.set', ['project', '--unset'], alone());

    expect(await config()).toEqual(stored);
    expect(await run('config.get', ['project'], alone())).toMatchObject({ text: '', data: { value: null } });
  });

  it.each([
    [['tokn', 'x'], 'USAGE', 'config list'],
    [['token', 'x'], 'USAGE', 'auth login --profile default --token-stdin'],
    [['api_url', 'https://evil.example.com'], 'CONFLICT', 'auth login --profile one --api-url https://evil'],
    [['api_url', 'nowhere'], 'USAGE', undefined],
    [['project', '../x'], 'USAGE', undefined],
    [['current_profile', 'none'], 'NOT_CONFIGURED', 'auth login --profile none'],
    [['redis_url', 'redis://:hunter2secret@h:1'], 'USAGE', 'config set redis_url - <'],
    [['project', 'x', '--profile', 'none'], 'NOT_CONFIGURED', 'auth login --profile none'],
  ])('set %j is refused, with what to do instead, and nothing is changed', async (argv, code, next) => {
    const error = await run('config.set', argv as string[], alone()).catch((reason) => reason);

    expect(error.code).toBe(code);
    if (next) expect(error.next[0].command).toContain(`orchestrator ${next}`);
    expect(JSON.stringify([error.message, error.next])).not.toContain('hunter2');
    expect(await config()).toEqual(stored);
  });

  it('refuses a Redis URL that is none as a mistake of the command line', async () => {
    await expect(run('config.set', ['redis_url', 'ftp://example.com'])).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      message: expect.stringContaining('redis://'),
    });
  });

  it('names the settings there are', async () => {
    await expect(run('config.get', ['tokn'], alone())).rejects.toMatchObject({
      ...{ exitCode: 2, choices: ['token', 'profile', 'api_url', 'redis_url', 'project'] },
    });
  });

  it('list shows each setting, its source, and no secret', async () => {
    await run('config.set', ['project', 'from-config'], alone());
    const given = {
      ...alone().env,
      ORCHESTRATOR_REDIS_URL: 'redis://:hunter2secret@127.0.0.1:6399',
      ORCHESTRATOR_PROJECT: 'env',
    };
    const { data, text } = await run('config.list', ['--api-url', `${fake.url}/`], { env: given });
    const shown = JSON.stringify(data) + text;

    expect(data.file).toBe(file());
    expect(data.settings).toEqual([
      { name: 'profile', value: 'one', source: 'user config', from: 'current_profile' },
      { name: 'api_url', value: `${fake.url}/`, source: 'flag', from: '--api-url' },
      { name: 'token', value: '[redacted]', source: 'user config', from: 'profile one' },
      {
        name: 'redis_url',
        value: 'redis://:[redacted]@127.0.0.1:6399',
        source: 'environment',
        from: 'ORCHESTRATOR_REDIS_URL',
      },
      { name: 'project', value: 'env', source: 'environment', from: 'ORCHESTRATOR_PROJECT' },
    ]);
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain('sEcReT');
  });

  it('profiles are listed without their secrets', async () => {
    const { data, text } = await run('config.profiles', [], alone());

    const one = {
      name: 'one',
      current: true,
      api_url: fake.url,
      token: true,
      redis: false,
      project: null,
      data_dir: null,
    };
    expect(data).toEqual({ items: [one] });
    expect(text).toContain(fake.url);
    expect(JSON.stringify(data) + text).not.toContain('sEcReT');
  });
});
