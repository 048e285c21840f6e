import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig as readApi } from '@codegen/api';
import { serviceNames } from '@codegen/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { seedKeysOf } from '../../../api/src/seed.js';
import { readConfig as readInfraService } from '../../../infra-service/src/config.js';
import { readConfig as readLanggraph } from '../../../langgraph/src/config.js';
import { readConfig as readScaffolder } from '../../../scaffolder/src/config.js';
import { readConfig as readScheduler } from '../../../scheduler/src/config.js';
import { readConfig as readWorkerManager } from '../../../worker-manager/src/config.js';

const run = promisify(execFile);
const init = new URL('../../dist/init.js', import.meta.url).pathname;
const readers = {
  api: readApi,
  langgraph: readLanggraph,
  scheduler: readScheduler,
  scaffolder: readScaffolder,
  'worker-manager': readWorkerManager,
  'infra-service': readInfraService,
};
const ADDRESSES = {
  DATABASE_URL: 'postgres://codegen:a%27b$HOME%23`x`@127.0.0.1/codegen',
  REDIS_URL: 'redis://:p$1%23"&;%20@127.0.0.1:6379/0',
};

let temp: Awaited<ReturnType<typeof tempFolder>>;
let dir: string;
beforeAll(async () => {
  temp = await tempFolder('codegen-system');
  dir = join(temp.path, 'system');
  const { written } = await initialize(['--dir', dir, '--user', 'codegen'], ADDRESSES);
  expect(written.blanks).toEqual([]);
});
afterAll(() => temp.remove());

/** The program's output; checks that it exits with 0 if it wrote, else with the code of its error. */
async function initialize(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [init, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  const answer = JSON.parse(text);
  expect(code === 0).toBe('written' in answer);
  return answer;
}

/** The variables of a file, as Node.js reads them. */
async function variablesOf(name: string): Promise<Record<string, string>> {
  const file = join(dir, 'env', `${name}.env`);
  const show = 'process.stdout.write(JSON.stringify(process.env))';
  const { stdout } = await run(process.execPath, [`--env-file=${file}`, '-e', show], { env: {} });
  return JSON.parse(stdout);
}

it.each(Object.keys(readers) as (keyof typeof readers)[])(
  'the file of %s has all that it needs, and nothing that it does not read',
  async (name) => {
    const variables = await variablesOf(name);
    const read = new Set<string>();
    const env = new Proxy(variables, {
      get: (all, variable: string) => {
        read.add(variable);
        return all[variable];
      },
    });
    await readers[name](env);
    // Every service's main.ts reads these; PATH is for the programs that a service starts.
    const others = Object.keys(variables).filter((one) => !read.has(one) && !/^(LOG_LEVEL|INSTANCE|PATH)$/.test(one));
    expect(others).toEqual([]);
    for (const variable of ['DATABASE_URL', 'REDIS_URL'] as const) {
      expect([undefined, ADDRESSES[variable]]).toContain(variables[variable]);
    }
  },
);

it('a shell reads in the files what Node.js does', async () => {
  for (const name of Object.keys(readers)) {
    const show = `set -a; . "$1"; exec ${process.execPath} -e 'process.stdout.write(JSON.stringify(process.env))'`;
    const { stdout } = await run('sh', ['-c', show, 'sh', join(dir, 'env', `${name}.env`)], { env: {} });
    expect(JSON.parse(stdout)).toMatchObject(await variablesOf(name));
  }
});

it('each service has its own key, and the API gets only its hash', async () => {
  const secrets = await Promise.all(serviceNames.map(async (name) => [name, (await variablesOf(name)).API_TOKEN]));
  const seed = await readFile(join(dir, 'seed.json'), 'utf8');
  expect(JSON.parse(seed)).toEqual({
    service_keys: seedKeysOf(Object.fromEntries(secrets)),
    servers: { local: { ip: '127.0.0.1', port_from: 18000, port_to: 18999 } },
  });
  expect(new Set(secrets.map(([, secret]) => secret)).size).toBe(serviceNames.length);
  for (const [, secret] of secrets) expect(seed).not.toContain(secret?.slice(13));
});

it('only the owner can read secrets, and no unit or README contains one', async () => {
  for (const path of ['env', 'keys', 'systemd', 'data/repos', 'data/workers', 'data/releases', '.']) {
    expect([path, (await stat(join(dir, path))).mode & 0o777]).toEqual([path, 0o700]);
  }
  const tokens = [
    await readFile(join(dir, 'keys', 'admin-token'), 'utf8'),
    await readFile(join(dir, 'keys', 'vault.key'), 'utf8'),
  ];
  for (const name of serviceNames) tokens.push((await variablesOf(name)).API_TOKEN as string);
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const isPublic = entry.parentPath.endsWith('systemd') || entry.name === 'README.md';
    expect([path, (await stat(path)).mode & 0o777]).toEqual([path, isPublic ? 0o644 : 0o600]);
    const text = await readFile(path, 'utf8');
    if (isPublic)
      for (const token of [...tokens, 'p$1']) expect([path, text.includes(token.trim())]).toEqual([path, false]);
  }
});

it('the units are valid for systemd, hardened, and restart a service after any end', async () => {
  const units = (await readdir(join(dir, 'systemd'))).sort();
  expect(units).toEqual([
    ...['codegen-api.service', 'codegen-infra-service.service', 'codegen-langgraph@.service'],
    ...['codegen-scaffolder.service', 'codegen-scheduler.service', 'codegen-worker-manager.service', 'codegen.target'],
  ]);
  for (const unit of units.filter((name) => name.endsWith('.service'))) {
    const lines = (await readFile(join(dir, 'systemd', unit), 'utf8')).split('\n');
    const name = /codegen-([a-z-]+)/.exec(unit)?.[1] as string;
    expect(lines).toEqual(
      expect.arrayContaining([
        ...['NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=', 'PrivateTmp=yes', 'User=codegen'],
        ...['Restart=always', 'KillMode=mixed', `EnvironmentFile=${join(dir, 'env', `${name}.env`)}`],
      ]),
    );
    expect(lines.some((line) => line.startsWith('After=') && line.includes('codegen-api.service'))).toBe(
      name !== 'api',
    );
    const [, program, main] = /^ExecStart=(\S+) (\S+)$/m.exec(lines.join('\n')) ?? [];
    expect([program, (await stat(main as string)).isFile()]).toEqual([process.execPath, true]);
    // A service can write only to its own folders.
    const writes = lines.filter((line) => line.startsWith('ReadWritePaths=')).map((line) => line.slice(15));
    const variables = await variablesOf(name);
    const own = {
      scaffolder: ['REPOS_DIR'],
      'worker-manager': ['REPOS_DIR', 'WORKERS_DIR'],
      'infra-service': ['RELEASES_DIR'],
    };
    expect(writes).toEqual((own[name as keyof typeof own] ?? []).map((variable) => variables[variable]));
    const drain = Number(variables.DRAIN_TIMEOUT ?? 0);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(lines.join('\n'))?.[1])).toBeGreaterThan(drain + 30);
  }
  const target = await readFile(join(dir, 'systemd', 'codegen.target'), 'utf8');
  for (const unit of units.filter((name) => name.endsWith('.service')))
    expect(target).toContain(unit.replace('@.', '@1.'));
  await verify(units.map((unit) => join(dir, 'systemd', unit)));
  const broken = join(temp.path, 'codegen-broken.service');
  await writeFile(broken, '[Service]\nExecStart=/no/such/program\nProtectSystem=perhaps\n');
  await expect(verify([broken])).rejects.toThrow(/codegen-broken|systemd-analyze/);
});

/** Checks units with systemd itself, which prints nothing if all is well. */
async function verify(units: readonly string[]): Promise<void> {
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', ...units]);
  if (stderr.includes('codegen')) throw new Error(stderr);
}

it('agents and programs are named in the folder that --release names', async () => {
  const other = join(temp.path, 'linked');
  const answer = await initialize(['--dir', other, '--release', temp.path]);
  expect(answer.failed).toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('contains no built services'),
  });
  const link = join(temp.path, 'current');
  const root = join(import.meta.dirname, '../../../..');
  await symlink(root, link);
  await initialize(['--dir', other, '--release', link]);
  for (const entry of await readdir(other, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // An upgrade moves the link: a path to the folder behind it would stay with the old release.
    expect([path, (await readFile(path, 'utf8')).includes(root)]).toEqual([path, false]);
  }
  const agents = JSON.parse(await readFile(join(other, 'agents.json'), 'utf8'));
  expect(agents['project-tests'].command[1]).toBe(
    join(link, 'packages/worker-wrapper/dist/agents/run-project-tests.js'),
  );
  expect(await readFile(join(other, 'systemd', 'codegen-api.service'), 'utf8')).toContain(join(link, 'services/api'));
});

it('a missing account is a warning, and an invalid address an error', async () => {
  const warnings = async (user: string) => {
    const { written } = await initialize(['--dir', join(temp.path, 'dry'), '--dry-run', '--user', user]);
    return (written.warnings as string[]).filter((one) => one.includes(user));
  };
  expect(await warnings('nosuchuser')).toEqual([expect.stringContaining('this machine has no account nosuchuser')]);
  expect(await warnings('daemon')).toEqual([]);
  for (const host of ['999.1.1.1', 'a_b', '1:2']) {
    const { failed } = await initialize(['--dir', join(temp.path, 'dry'), '--dry-run', '--host', host]);
    expect(failed).toMatchObject({ code: 'USAGE', message: expect.stringContaining(`--host must be an address`) });
  }
});

it('keys renewed as in the README do not end with the person who renewed them', async () => {
  const text = await readFile(join(dir, 'README.md'), 'utf8');
  const renewing = text.slice(text.indexOf('## Renew a key'));
  expect(renewing).toContain('`user disable`');
  expect(renewing).toContain('orchestrator user create services');
  const made = renewing.split('\n').filter((line) => line.startsWith('orchestrator auth key create'));
  expect(made).toHaveLength(serviceNames.length);
  for (const line of made) expect(line).toContain(' --user USER --role service --scopes ');
});

it('missing addresses are blank, and a service that starts without one names it', async () => {
  const blank = join(temp.path, 'blank');
  const { written } = await initialize(['--dir', blank]);
  expect(written.blanks.map(({ variable }: { variable: string }) => variable)).toEqual(['DATABASE_URL', 'REDIS_URL']);
  const main = new URL('../../../langgraph/dist/main.js', import.meta.url).pathname;
  const start = run(process.execPath, [`--env-file=${join(blank, 'env', 'langgraph.env')}`, main], { env: {} });
  await expect(start).rejects.toThrow(/REDIS_URL is not set[\s\S]*DATABASE_URL is not set/);
  const wrong = await initialize(['--dir', join(temp.path, 'wrong')], { REDIS_URL: 'mysql://secret@h' });
  expect(wrong.failed.message).toContain('REDIS_URL is not a URL of a Redis');
  expect(JSON.stringify(wrong)).not.toContain('secret');
});

it('a folder that is not empty stays as it is, and no key is made', async () => {
  const before = await readFile(join(dir, 'env', 'api.env'), 'utf8');
  const again = await initialize(['--dir', dir], ADDRESSES);
  expect(again.failed).toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('is a system folder already'),
  });
  expect(await readFile(join(dir, 'env', 'api.env'), 'utf8')).toBe(before);

  const foreign = join(temp.path, 'foreign');
  await mkdir(foreign);
  expect((await initialize(['--dir', foreign, '--dry-run'])).written.dry_run).toBe(true);
  expect(await readdir(foreign)).toEqual([]);
  await writeFile(join(foreign, 'mine'), '');
  for (const more of [[], ['--dry-run']]) {
    const refused = await initialize(['--dir', foreign, ...more]);
    expect(refused.failed).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('is not empty') });
  }
  expect(await readdir(foreign)).toEqual(['mine']);
});

it('a run that fails or is killed leaves no partial folder', async () => {
  const place = join(temp.path, 'place');
  await mkdir(place);
  const failed = await initialize(['--dir', join(place, 'system'), '--', '--data-dir', '/proc/nowhere']);
  expect(failed.failed).toMatchObject({ code: 'USAGE', message: expect.stringContaining('cannot be written') });
  expect(await readdir(place)).toEqual([]);

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const child = spawn(process.execPath, [init, '--dir', join(place, signal)], {
      env: { PATH: process.env.PATH },
      stdio: 'ignore',
    });
    await waitFor('the draft', async () => (await readdir(place)).some((name) => name.includes(signal)), {
      everyMs: 1,
    });
    child.kill(signal);
    await once(child, 'exit');
    const whole = await readdir(join(place, signal)).catch(() => undefined);
    if (signal === 'SIGTERM') expect(whole).toContain('README.md');
    else expect(whole === undefined || whole.includes('README.md')).toBe(true);
  }
});
