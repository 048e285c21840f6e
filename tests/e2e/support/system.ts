import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf } from '@codegen/sdk/processes';
import { inject } from 'vitest';
import { deployPortsFrom, freePort } from '../../support/ports.js';
import { program } from '../../support/program.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';

export const root = resolve(import.meta.dirname, '..', '..', '..');

/** Where this machine keeps the prepared database: whatever else a system has of its own, it need not make that again. */
export const XDG_CACHE_HOME = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** What a CLI run left behind. */
interface CliRun {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The one JSON document of --json. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the envelope holds
  json(): any;
}

/** A whole running system, however it is put together. */
export interface System {
  readonly redisUrl: string;
  readonly apiUrl: string;
  readonly reposDir: string;
  readonly workersDir: string;
  readonly releasesDir: string;
  /** Folder that holds everything of this system. */
  readonly home: string;
  /** Key of the person whose CLI this is. */
  readonly token: string;
  cli(
    args: readonly string[],
    options?: { input?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal },
  ): Promise<CliRun>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  agent?: string;
  /** Further agents, by name. */
  agents?: Record<string, { command: string[]; env?: Record<string, string> }>;
  turnTimeoutSeconds?: number;
}

interface StackOptions extends SystemOptions {
  /** The folder that it is started in. */
  cwd?: string;
  /** Variables for the stack's process. */
  env?: Record<string, string>;
}

/** An agent among the fixtures. */
export function fixtureAgent(name: string, env: Record<string, string> = {}) {
  return { command: [process.execPath, join(root, 'tests', 'fixtures', 'agents', `${name}.js`)], env };
}

const CLI = inject('cli');

/** Runs the CLI as it is bundled, with a clean environment. */
async function runCli(
  configDir: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH, HOME: configDir, ORCHESTRATOR_CONFIG_DIR: configDir, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  const stdout = Buffer.concat(out).toString();
  const stderr = Buffer.concat(err).toString();
  return {
    code,
    stdout,
    stderr,
    json: () => {
      try {
        return JSON.parse(stdout);
      } catch (cause) {
        throw new Error(`not JSON: ${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`, { cause });
      }
    },
  };
}

/** The stack on PGlite, with its own redis-server. */
export interface StackSystem extends System {
  /** The process that was started; it supervises the others. */
  readonly pid: number;
  readonly dataDir: string;
  /** Kills the stack's process alone, which takes the others along, or all that works in its folder, with SIGKILL. */
  kill(what: 'stack' | 'everything'): Promise<void>;
  /** Starts it again on the same folder. */
  start(): Promise<void>;
}

export async function startStack(options: StackOptions = {}): Promise<StackSystem> {
  const home = await tempFolder('codegen-e2e');
  const dataDir = join(home.path, 'data');
  const configDir = join(home.path, 'config');
  await mkdir(configDir);
  const agentsFile = await writeAgents(home.path, options);
  const portFrom = deployPortsFrom();
  let child: ChildProcess;
  let details = { redisUrl: '', apiUrl: '', token: '' };

  const start = async () => {
    const args = ['--data-dir', dataDir, '--login', '--deploy-ports', `${portFrom}-${portFrom + 99}`];
    if (options.agent) args.push('--agent', options.agent);
    if (agentsFile) args.push('--agents-file', agentsFile);
    if (options.turnTimeoutSeconds) args.push('--turn-timeout', String(options.turnTimeoutSeconds));
    // With the test run killed, nobody would stop the stack.
    const command = ['--pdeathsig', 'SIGTERM', process.execPath, program('stack')];
    child = spawn('setpriv', [...command, ...args], {
      env: {
        ...{ PATH: process.env.PATH, HOME: home.path, XDG_CACHE_HOME },
        ...{ ORCHESTRATOR_CONFIG_DIR: configDir, LOG_LEVEL: 'debug' },
        ...options.env,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
      cwd: options.cwd,
    });
    const errors: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the stack ended: ${errors.join('')}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(child, 'message'), ended]);
    const card = JSON.parse(await readFile(join(dataDir, 'run', 'stack.json'), 'utf8')) as { api_url: string };
    const redis = JSON.parse(await readFile(join(dataDir, 'run', 'redis.json'), 'utf8')) as {
      port: number;
      password: string;
    };
    details = {
      apiUrl: card.api_url,
      redisUrl: `redis://:${redis.password}@127.0.0.1:${redis.port}`,
      token: await readToken(configDir),
    };
  };
  await start();
  return {
    home: home.path,
    dataDir,
    reposDir: join(dataDir, 'repos'),
    workersDir: join(dataDir, 'workers'),
    releasesDir: join(dataDir, 'releases'),
    get pid() {
      return child.pid as number;
    },
    get redisUrl() {
      return details.redisUrl;
    },
    get apiUrl() {
      return details.apiUrl;
    },
    get token() {
      return details.token;
    },
    cli: (args, cliOptions) => runCli(configDir, args, cliOptions),
    start,
    kill: async (what) => {
      const exited = once(child, 'exit');
      const serving = await childrenOf(child.pid as number);
      const others = what === 'everything' ? await processesIn(home.path) : [];
      for (const pid of [child.pid as number, ...others]) tryKill(pid, 'SIGKILL');
      await exited;
      for (const pid of serving) await waitFor(`process ${pid} to die`, () => identityOf(pid).startTime === '');
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      const left = await processesIn(home.path);
      await home.remove();
      if (left.length > 0) {
        for (const pid of left) tryKill(pid, 'SIGKILL');
        throw new Error(`the stack left processes behind: ${left.join(', ')}`);
      }
    },
  };
}

/** Every service as a process of its own, on PostgreSQL and a redis-server that the test runs. */
export async function startServices(
  databaseUrl: string,
  options: SystemOptions & {
    langgraphs?: number;
    folders?: Partial<Record<'repos' | 'workers' | 'releases', string>>;
  } = {},
): Promise<System & { redis: TestRedis; processes: Map<string, ChildProcess>; logs: Map<string, string[]> }> {
  const home = await tempFolder('codegen-e2e');
  const folder = async (name: string) => {
    await mkdir(join(home.path, name), { recursive: true });
    return join(home.path, name);
  };
  const own = await Promise.all(['config', 'repos', 'workers', 'releases'].map(folder));
  const [configDir, ...kept] = own as [string, string, string, string];
  const {
    repos: reposDir = kept[0],
    workers: workersDir = kept[1],
    releases: releasesDir = kept[2],
  } = options.folders ?? {};
  const redis = await startRedis();
  const processes = new Map<string, ChildProcess>();
  const logs = new Map<string, string[]>();
  const launch = (name: string, service: string, env: Record<string, string>) => {
    const child = spawn('setpriv', ['--pdeathsig', 'SIGTERM', process.execPath, program(service)], {
      env: { PATH: process.env.PATH, HOME: home.path, LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = logs.get(name) ?? [];
    logs.set(name, lines);
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (/"level":(50|60)/.test(line) || !line.startsWith('{')) process.stderr.write(`[${name}] ${line}\n`);
    });
    processes.set(name, child);
  };
  const adminToken = `cgk_0000e2e0_${'x'.repeat(43)}`;
  const adminFile = join(home.path, 'admin');
  await writeFile(adminFile, adminToken, { mode: 0o600 });
  const port = await freePort();
  const apiUrl = `http://127.0.0.1:${port}`;
  launch('api', 'api', {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    ADMIN_TOKEN_FILE: adminFile,
    VAULT_KEY_FILE: join(home.path, 'vault'),
  });
  const call = async (method: string, path: string, body: unknown) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, never>;
  };
  await waitFor('the api', () => fetch(`${apiUrl}/health`).then((response) => response.ok), { timeoutMs: 20_000 });
  const portFrom = deployPortsFrom();
  await call('PUT', '/servers/local', { ip: '127.0.0.1', port_from: portFrom, port_to: portFrom + 99 });
  const keyFor = async (service: string) => {
    const { secret } = await call('POST', '/api-keys', { name: service, role: 'service', scopes: ['*'] });
    return secret as unknown as string;
  };
  const shared = { REDIS_URL: redis.url, API_URL: apiUrl };
  const agentsFile = await writeAgents(home.path, options, true);
  const folders = { REPOS_DIR: reposDir, WORKERS_DIR: workersDir, RELEASES_DIR: releasesDir };
  for (const service of ['scheduler', 'scaffolder', 'worker-manager', 'infra-service']) {
    launch(service, service, {
      ...shared,
      ...folders,
      API_TOKEN: await keyFor(service),
      TEMPLATE_DIR: join(root, 'templates', 'service'),
      AGENTS_FILE: agentsFile as string,
    });
  }
  for (let i = 0; i < (options.langgraphs ?? 2); i += 1) {
    launch(`langgraph-${i}`, 'langgraph', {
      ...shared,
      API_TOKEN: await keyFor('langgraph'),
      DATABASE_URL: databaseUrl,
      DEVELOPER_AGENT_CONFIG: options.agent ?? 'demo',
      TURN_TIMEOUT: String(options.turnTimeoutSeconds ?? 1800),
    });
  }
  const owner = await call('POST', '/users', { name: 'e2e' });
  const token = (await call('POST', '/api-keys', { name: 'cli', user_id: owner.id })).secret as unknown as string;
  const login = await runCli(configDir, ['auth', 'login', '--api-url', apiUrl, '--token-stdin', '--json'], {
    input: `${token}\n`,
    env: { ORCHESTRATOR_REDIS_URL: redis.url },
  });
  if (login.code !== 0) throw new Error(`login failed: ${login.stdout}${login.stderr}`);
  return {
    home: home.path,
    apiUrl,
    redisUrl: redis.url,
    reposDir,
    workersDir,
    releasesDir,
    token,
    redis,
    processes,
    logs,
    cli: (args, cliOptions) => runCli(configDir, args, cliOptions),
    stop: async () => {
      const running = [...processes.values()].filter((child) => child.exitCode === null && child.signalCode === null);
      await Promise.all(
        running.map(async (child) => {
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          if (!(await Promise.race([exited.then(() => true), sleep(20_000, false, { ref: false })]))) {
            child.kill('SIGKILL');
            throw new Error(`${child.spawnargs.join(' ')} did not stop`);
          }
        }),
      );
      await redis.stop();
      await home.remove();
    },
  };
}

async function writeAgents(home: string, options: SystemOptions, withOwn = false): Promise<string | undefined> {
  if (!options.agents && !withOwn) return undefined;
  const own = {
    demo: { command: [process.execPath, join(root, 'examples', 'agents', 'demo-agent.js')] },
    'project-tests': { command: [process.execPath, program('worker-wrapper', 'agents/run-project-tests')] },
  };
  const path = join(home, 'agents.json');
  await writeFile(path, JSON.stringify({ ...(withOwn && own), ...options.agents }));
  return path;
}

/** The token that the CLI keeps in its configuration. */
async function readToken(configDir: string): Promise<string> {
  for (const name of await readdir(configDir, { recursive: true })) {
    const text = await readFile(join(configDir, name), 'utf8').catch(() => '');
    const token = /cgk_[0-9a-f]{8}_[\w-]{43}/.exec(text)?.[0];
    if (token) return token;
  }
  throw new Error('the CLI holds no token');
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** Pids of a process's children. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Pids whose working folder, environment or arguments name a folder. */
export async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
      if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) continue;
      const [cwd, environment, command] = await Promise.all([
        readlink(`/proc/${pid}/cwd`),
        readFile(`/proc/${pid}/environ`, 'utf8'),
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
      ]);
      if (`${cwd}\0${environment}\0${command}`.includes(folder)) found.push(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Pids that carry the agents' marker and work in a folder. */
export async function processesWithMarker(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processesIn(folder)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (/(^|\0)AGENT_RUN_ID=/.test(environment)) found.push(pid);
  }
  return found;
}
