import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { engineeringQueue, type Service, type ServiceDeployment, scaffolderQueue } from '@codegen/contracts';
import { closeRedis, connectRedis, publish } from '@codegen/sdk/queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { startRedis } from '../../../../tests/support/redis.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import type { Check } from '../../src/operations/diagnose.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
beforeEach(async () => {
  fake = await startFakeApi();
  machine = await makeMachine();
});
afterEach(async () => {
  await fake.stop();
  await machine.remove();
});

const REDIS = 'redis://:redis-sEcReT@127.0.0.1:6399';

function login(extra: string[] = [], env: Record<string, string> = {}, stdin = `${TOKEN}\n`) {
  return machine.run(['auth', 'login', '--api-url', fake.url, '--token-stdin', '--json', ...extra], { env, stdin });
}

async function stored(): Promise<{ current_profile?: string; profiles: Record<string, Record<string, string>> }> {
  return JSON.parse(await readFile(join(machine.configFolder, 'config.json'), 'utf8'));
}

describe('auth login', () => {
  it('stores the token for the user alone, and never prints it', async () => {
    const ended = await login(['--profile', 'local']);

    expect(ended.code).toBe(0);
    expect(envelopeOf(ended).data).toMatchObject({ profile: 'local', api_url: fake.url, user: { name: 'Ada' } });
    expect(ended.stdout + ended.stderr).not.toContain('sEcReT');
    expect(await stored()).toEqual({
      current_profile: 'local',
      profiles: { local: { api_url: fake.url, token: TOKEN, scopes: ['*'] } },
    });
    expect((await stat(join(machine.configFolder, 'config.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(machine.configFolder)).mode & 0o777).toBe(0o700);
  });

  it('goes on with the profile in use where it is told so', async () => {
    await login(['--profile', 'daily']);
    const other = await login(['--profile', 'other', '--keep-current']);

    expect([other.code, envelopeOf(other).data.profile]).toEqual([0, 'other']);
    expect(await stored()).toMatchObject({ current_profile: 'daily', profiles: { other: { token: TOKEN } } });
  });

  it('makes a file that was open to others private again', async () => {
    await login();
    const file = join(machine.configFolder, 'config.json');
    await chmod(file, 0o644);
    const warned = envelopeOf(await machine.run(['auth', 'status', '--json']));
    await login();

    expect(warned.warnings[0]).toContain('chmod 600');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('stores the Redis URL from the environment or a second line', async () => {
    await login(['--profile', 'a'], { ORCHESTRATOR_REDIS_URL: REDIS });
    const ended = await login(['--profile', 'b'], {}, `${TOKEN}\n${REDIS}\n`);

    const { profiles } = await stored();
    expect(profiles.a?.redis_url).toBe(REDIS);
    expect(profiles.b?.redis_url).toBe(REDIS);
    expect(ended.stdout).not.toContain('redis-sEcReT');
  });

  it('stores nothing when the API refuses the token, or cannot be reached', async () => {
    const refused = await login([], {}, 'cgk_00000000_wrong\n');
    const away = await machine.run(
      ['auth', 'login', '--api-url', `http://127.0.0.1:${await freePort()}`, '--token-stdin', '--json'],
      { stdin: TOKEN },
    );

    expect(refused.code).toBe(4);
    expect(away.code).toBe(75);
    await expect(stored()).rejects.toThrow('ENOENT');
  });

  it('says which flag is missing when there is nobody to ask', async () => {
    const ended = await machine.run(['auth', 'login', '--api-url', fake.url, '--json']);

    expect(envelopeOf(ended)).toMatchObject({ error: { code: 'INPUT_REQUIRED' }, missing: ['--token-stdin'] });
    expect(ended.code).toBe(2);
  });

  it('is undone by logout', async () => {
    await login();
    const out = await machine.run(['auth', 'logout', '--json']);
    const status = await machine.run(['auth', 'status', '--json']);

    expect(envelopeOf(out).data).toEqual({ profile: 'default', removed: true });
    expect((await stored()).profiles).toEqual({});
    expect(status.code).toBe(4);
  });
});

describe('the file of the configuration', () => {
  it('is private whatever the umask, also where it is a link, which stays one', async () => {
    const elsewhere = join(machine.folder, 'dotfiles');
    await mkdir(elsewhere);
    await mkdir(machine.configFolder);
    await symlink(join(elsewhere, 'config.json'), join(machine.configFolder, 'config.json'));
    await writeFile(join(elsewhere, 'config.json'), '{}', { mode: 0o644 });
    const before = process.umask(0);
    await login().finally(() => process.umask(before));

    expect((await lstat(join(machine.configFolder, 'config.json'))).isSymbolicLink()).toBe(true);
    expect((await stat(join(elsewhere, 'config.json'))).mode & 0o777).toBe(0o600);
    expect((await stored()).profiles.default?.token).toBe(TOKEN);
    expect(await readdir(elsewhere)).toEqual(['config.json']);
  });

  it('is in a folder of the user alone, where that is made anew', async () => {
    const before = process.umask(0);
    await login().finally(() => process.umask(before));

    expect((await stat(machine.configFolder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(machine.configFolder, 'config.json'))).mode & 0o777).toBe(0o600);
  });
});

describe('precedence', () => {
  async function profileOf(args: string[], env: Record<string, string> = {}) {
    return envelopeOf(await machine.run(['auth', 'status', '--json', ...args], { env }));
  }

  it('is flag, environment, user configuration for the profile', async () => {
    for (const profile of ['one', 'two', 'three']) await login(['--profile', profile]);

    expect((await profileOf([])).data.profile).toBe('three');
    expect((await profileOf([], { ORCHESTRATOR_PROFILE: 'two' })).data.profile).toBe('two');
    expect((await profileOf(['--profile', 'one'], { ORCHESTRATOR_PROFILE: 'two' })).data.profile).toBe('one');
    expect(await profileOf(['--profile', 'none'])).toMatchObject({
      error: { code: 'NOT_CONFIGURED' },
      choices: ['one', 'two', 'three'],
    });
  });

  it('is flag, environment, project file for the project', async () => {
    await login();
    for (const name of ['from-file', 'from-env', 'from-flag']) await machine.run(['project', 'create', name]);
    const nested = join(machine.folder, 'work', 'src');
    await mkdir(nested, { recursive: true });
    await writeFile(join(machine.folder, 'work', '.orchestrator.json'), '{"project": "from-file"}');
    const name = async (args: string[], env: Record<string, string> = {}) =>
      envelopeOf(await machine.run(['project', 'get', '--json', ...args], { env, cwd: nested })).data.name;

    expect(await name([])).toBe('from-file');
    expect(await name([], { ORCHESTRATOR_PROJECT: 'from-env' })).toBe('from-env');
    expect(await name(['--project', 'from-flag'], { ORCHESTRATOR_PROJECT: 'from-env' })).toBe('from-flag');
  });

  it('lets no project file say where tokens go', async () => {
    await login();
    const evil = { api_url: 'https://evil.example.com', token: 'x', project: 'todo-api' };
    await writeFile(join(machine.folder, '.orchestrator.json'), JSON.stringify(evil));

    const ended = await machine.run(['project', 'get', '--json']);

    expect(envelopeOf(ended).data.name).toBe('todo-api');
    expect(envelopeOf(ended).warnings[0]).toContain('ignored: api_url, token');
  });

  it('sends a stored token to no other address than its own', async () => {
    await login();
    const other = await startFakeApi();

    const ended = await machine.run(['project', 'list', '--json'], { env: { ORCHESTRATOR_API_URL: other.url } });
    await other.stop();

    expect(envelopeOf(ended).error.code).toBe('NOT_CONFIGURED');
    expect(other.seen).toEqual([]);
  });

  it('takes the environment alone, without any file', async () => {
    const env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };

    expect((await machine.run(['project', 'list'], { env })).code).toBe(0);
  });
});

describe('a broken file', () => {
  it('is named, and what is in it is not shown', async () => {
    await mkdir(machine.configFolder, { recursive: true });
    await writeFile(join(machine.configFolder, 'config.json'), '{"profiles": {"a": "sEcReT" ', { mode: 0o600 });

    const ended = await machine.run(['project', 'list', '--json']);

    expect(ended.code).toBe(2);
    expect(envelopeOf(ended).error.message).toContain('config.json');
    expect(ended.stdout + ended.stderr).not.toContain('sEcReT');
  });

  it.each(['{"profiles": {"a": "sEcReT" ', '{"profiles": {"default": null}}', ''])(
    'is mended by a login, which keeps what was there: %j',
    async (text) => {
      await mkdir(machine.configFolder, { recursive: true });
      const file = join(machine.configFolder, 'config.json');
      await writeFile(file, text, { mode: 0o600 });
      const refused = await login([], {}, '\n');
      expect([refused.code, await readFile(file, 'utf8')]).toEqual([2, text]);

      const ended = await login();

      expect(ended.code).toBe(0);
      expect(ended.stdout + ended.stderr).not.toContain('sEcReT');
      expect((await stored()).profiles.default?.token).toBe(TOKEN);
      expect((await machine.run(['project', 'list'])).code).toBe(0);
      if (text === '') return;
      expect(envelopeOf(ended).warnings.join()).toContain('config.json.broken');
      expect(await readFile(`${file}.broken`, 'utf8')).toBe(text);
      expect((await stat(`${file}.broken`)).mode & 0o777).toBe(0o600);
    },
  );

  it('is none where a byte order mark is before it', async () => {
    await login();
    const file = join(machine.configFolder, 'config.json');
    await writeFile(file, `\ufeff${await readFile(file, 'utf8')}`);
    await writeFile(join(machine.folder, '.orchestrator.json'), '\ufeff{"project": "todo-api"}');
    const listed = envelopeOf(await machine.run(['config', 'list', '--json']));
    expect(JSON.stringify(listed.data)).toContain('todo-api');

    expect((await login(['--profile', 'other'])).code).toBe(0);
    expect(Object.keys((await stored()).profiles)).toEqual(['default', 'other']);
  });
});

describe('diagnose', () => {
  it('checks API, services, Redis, projects and workers, and ends as the first that failed', async () => {
    const redis = await startRedis();
    await login([], { ORCHESTRATOR_REDIS_URL: redis.url });
    const all = await machine.run(['diagnose', '--json']);
    const queue = connectRedis(redis.url);
    await publish(queue, engineeringQueue, { task_id: 't', project_id: 'p', user_id: 0 });
    await closeRedis(queue);
    const text = await machine.run(['diagnose']);
    await redis.stop();
    const broken = await machine.run(['diagnose', '--json']);

    const statuses = (checks: unknown) => (checks as { status: string }[]).map(({ status }) => status);
    // Nobody serves worker:commands here.
    expect(statuses(envelopeOf(all).error.details.checks)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'failed']);
    expect(envelopeOf(all).error).toMatchObject({ exit_code: all.code, message: expect.stringContaining('worker') });
    expect(text.stdout).toMatch(
      /engineering:queue 1 waiting \(oldest \d+ s\), 0 in work; deploy:queue 0 waiting, 0 in work; no dead letters/,
    );
    expect(broken.code).toBe(75);
    expect(envelopeOf(broken).error.code).toBe('REDIS_UNAVAILABLE');
    expect(statuses(envelopeOf(broken).error.details.checks)).toEqual(['ok', 'ok', 'failed', 'ok', 'ok', 'skipped']);
  });

  it('proposes what starts the system that was asked: one of this machine, or one that somebody operates', async () => {
    const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${await freePort()}`, ORCHESTRATOR_TOKEN: TOKEN };
    const operated = envelopeOf(await machine.run(['diagnose', '--json'], { env }));
    await mkdir(machine.configFolder, { recursive: true });
    const profiles = { here: { api_url: env.ORCHESTRATOR_API_URL, token: TOKEN, data_dir: '/srv/b' } };
    const config = JSON.stringify({ current_profile: 'here', profiles });
    await writeFile(join(machine.configFolder, 'config.json'), config, { mode: 0o600 });
    const own = envelopeOf(await machine.run(['diagnose', '--json']));

    expect(operated.next).toEqual([{ command: 'systemctl status codegen-api', when: expect.any(String) }]);
    expect(own.next).toMatchObject([{ command: 'orchestrator up --data-dir /srv/b' }]);

    await login(['--profile', 'operated'], { ORCHESTRATOR_REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    const silent = fake.services.find(({ name }) => name === 'langgraph') as Service;
    silent.state = 'silent';
    const { error, next } = envelopeOf(await machine.run(['diagnose', '--json']));
    expect(next).toMatchObject([{ command: "systemctl status 'codegen-langgraph*'" }]);
    const steps = (error.details.checks as { next?: { command: string } }[]).map((one) => one.next?.command);
    expect(steps).toEqual([
      undefined,
      "systemctl status 'codegen-langgraph*'",
      'systemctl status redis-server',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('asks the sites that are deployed, a limited number, and fails where one does not serve', async () => {
    await login();
    const asked: string[] = [];
    const site = createServer(({ url }, response) => {
      asked.push(url ?? '');
      response.statusCode = sites.ill ? 503 : 200;
      response.end();
    });
    const sites = { ill: false };
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const deployed = (n: number, at = url): ServiceDeployment => ({
      ...{ id: `dep_${n}`, request_id: `r${n}`, project_id: `proj_${n}`, project_name: `site-${n}`, task_id: null },
      ...{ server_handle: 'local', service: 'backend', port: 18_000, url: at },
      ...{ commit_sha: 'a'.repeat(40), deployed_at: '2026-01-01T00:00:00Z' },
    });
    const diagnose = async () => envelopeOf(await machine.run(['diagnose', '--json']));
    const found = (envelope: Awaited<ReturnType<typeof diagnose>>) =>
      ((envelope.error?.details ?? envelope.data).checks as Check[]).find(({ check }) => check === 'sites');
    try {
      expect(found(await diagnose())).toMatchObject({ status: 'ok', detail: 'nothing is deployed' });
      fake.deployments.push(deployed(1));
      expect(found(await diagnose())).toMatchObject({ status: 'ok', detail: '1 serves' });
      expect(asked).toEqual(['/health']);

      sites.ill = true;
      fake.deployments.push(deployed(2, `http://127.0.0.1:${await freePort()}`));
      const { error, next } = await diagnose();
      expect(error.code).toBe('UNHEALTHY');
      expect(error.message).toContain(`site-1 at ${url} answers 503`);
      expect(error.message).toMatch(/site-2 at \S+ does not answer \(ECONNREFUSED\)/);
      expect(next).toMatchObject([{ command: 'orchestrator deploy start --project proj_1 --wait' }]);

      sites.ill = false;
      asked.length = 0;
      fake.deployments.splice(0, 2, ...Array.from({ length: 60 }, (_, n) => deployed(n)));
      expect(found(await diagnose())?.detail).toBe('40 serve; more are deployed: only the newest 40 are asked');
      expect(asked).toHaveLength(40);

      const key = fake.makeToken(['project.list', 'task.list', 'diagnose.services']);
      const narrow = await machine.run(['diagnose', '--json'], { env: { ORCHESTRATOR_TOKEN: key } });
      expect(found(envelopeOf(narrow))).toMatchObject({
        status: 'skipped',
        detail: expect.stringContaining('deploy.list'),
      });
    } finally {
      site.closeAllConnections();
      site.close();
    }
  });

  it('tells once what does not answer, and takes no longer than that', async () => {
    const [port, queues] = [await freePort(), await freePort()];
    const env = {
      ...{ ORCHESTRATOR_API_URL: `http://127.0.0.1:${port}`, ORCHESTRATOR_TOKEN: TOKEN },
      ORCHESTRATOR_REDIS_URL: `redis://127.0.0.1:${queues}`,
    };
    const { code, stdout } = await machine.run(['diagnose'], { env });

    expect(code).toBe(75);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual([
      ...['✖ api', '· services', '✖ redis', '· projects', '· sites', '· workers'],
    ]);
    for (const where of [port, queues]) expect(stdout.split(`127.0.0.1:${where}`)).toHaveLength(2);
    expect(stdout).toMatch(
      /projects +not asked: see api\n.*sites +not asked: see api\n.*workers +not asked: see redis\n/,
    );
  });

  it('without a system still tells what is wrong with a name', async () => {
    const wrong = [
      ...[
        ['worker', 'get', '../x'],
        ['worker', 'logs', 'a b'],
        ['worker', 'delete', '', '--yes'],
      ],
      ...[
        ['queue', 'peek', 'nosuch'],
        ['queue', 'tail', 'nosuch'],
        ['queue', 'stats', 'nosuch'],
      ],
      ...[
        ['queue', 'dlq', 'list', 'nosuch'],
        ['queue', 'dlq', 'replay', 'nosuch', '--all'],
      ],
      ['queue', 'dlq', 'purge', 'nosuch', '--all', '--yes'],
    ];
    for (const args of wrong) {
      const { error } = envelopeOf(await machine.run([...args, '--json']));
      expect([args.join(' '), error.code]).toEqual([
        args.join(' '),
        args[0] === 'worker' ? 'VALIDATION_FAILED' : 'NOT_FOUND',
      ]);
    }
  });

  it('fails where a service is silent, or was never there', async () => {
    await login();
    for (const one of fake.services) {
      if (one.name === 'langgraph') Object.assign(one, { state: 'silent', seen_at: '2026-01-01T00:00:00Z' });
    }
    fake.services.splice(
      fake.services.findIndex(({ name }) => name === 'scheduler'),
      1,
    );
    const failed = await machine.run(['diagnose', 'services', '--json']);
    const { code, message, details } = envelopeOf(failed).error;

    expect([failed.code, code]).toEqual([1, 'UNHEALTHY']);
    expect(message).toMatch(
      /langgraph does not run: stack .* since 2026-01-01T00:00:00Z.*; scheduler does not run: no sign/,
    );
    expect(details).toMatchObject({
      checks: [{ check: 'services', status: 'failed', facts: { services: fake.services } }],
    });
  });

  it('fails where any queue has dead letters, and where Redis takes nothing', async () => {
    const redis = await startRedis();
    await login([], { ORCHESTRATOR_REDIS_URL: redis.url });
    const queue = connectRedis(redis.url);
    await queue.xadd(`${scaffolderQueue.stream}:dlq`, '*', 'data', '{}');
    const dead = envelopeOf(await machine.run(['diagnose', 'redis', '--json']));
    await queue.del(`${scaffolderQueue.stream}:dlq`);
    await queue.config('SET', 'maxmemory', '1');
    const full = envelopeOf(await machine.run(['diagnose', 'redis', '--json'])).error;
    await closeRedis(queue);
    await redis.stop();

    expect(dead.error).toMatchObject({ code: 'UNHEALTHY', message: 'messages were given up: 1 in scaffolder:queue' });
    expect(dead.next).toMatchObject([{ command: 'orchestrator queue dlq list scaffolder:queue' }]);
    expect(full).toMatchObject({ code: 'UNHEALTHY', message: expect.stringMatching(/takes nothing .*OOM/) });
  });

  it('leaves Redis out where none is configured, and asks for it where it is the question', async () => {
    await login();
    const all = envelopeOf(await machine.run(['diagnose', '--json']));
    const redis = await machine.run(['diagnose', 'redis', '--json']);

    const statuses = (all.data.checks as { status: string }[]).map(({ status }) => status);
    expect(statuses).toEqual(['ok', 'ok', 'skipped', 'ok', 'ok', 'skipped']);
    expect(envelopeOf(redis).error).toMatchObject({ code: 'REDIS_REQUIRED', exit_code: 2 });
  });
});
