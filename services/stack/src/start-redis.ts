import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { connectRedis, type Logger } from '@codegen/sdk/queue';
import type { DataFolder } from './data-folder.js';
import { endLeftover, SupervisedProcess } from './supervised-process.js';

/** Enough to write the tail of the AOF. */
const STOP_MS = 10_000;
const READY_MS = 30_000;

/** The stack's own redis-server. */
export interface SupervisedRedis {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

interface Settings {
  port: number;
  password: string;
}

/**
 * Starts a redis-server on loopback with a password and AOF, and restarts it on the same port and data whenever it ends. It
 * ends with this process, even if that is killed.
 * @throws OrchestratorError REDIS_UNAVAILABLE if redis-server is missing or does not start
 */
export async function startRedis(folder: DataFolder, logger: Logger): Promise<SupervisedRedis> {
  const pidFile = join(folder.run, 'redis.pid');
  // First, to free its port.
  await endLeftover(pidFile);
  const settings = await loadSettings(folder);
  const config = join(folder.run, 'redis.conf');
  await writeFile(config, configuration(folder, settings), { mode: 0o600 });
  const url = `redis://:${settings.password}@127.0.0.1:${settings.port}`;

  const server = new SupervisedProcess({
    argv: ['redis-server', config],
    // A separate group, so that Ctrl-C reaches only the stack, which stops its parts in order.
    options: { stdio: 'ignore', detached: true, cwd: folder.redis },
    deathSignal: 'SIGTERM',
    pidFile,
    ready: (child) => becomesReady(child, url),
    readyMs: READY_MS,
    onEnd: (how, nextTryMs) => logger.error({ how, next_try_ms: nextTryMs }, 'redis-server ended; it restarts'),
    onNews: (what) => logger.warn({}, `redis-server ${what}`),
  });
  await server.firstTry.catch(async (cause: Error) => {
    await server.stop(STOP_MS);
    const text = `redis-server did not start (${cause.message}). Read ${join(folder.logs, 'redis.log')}`;
    const next = [{ command: 'apt-get install redis-server', when: 'if it is not installed' }];
    throw new OrchestratorError('REDIS_UNAVAILABLE', text, { cause, next });
  });
  return { url, port: settings.port, stop: () => server.stop(STOP_MS).then(() => undefined) };
}

function configuration(folder: DataFolder, { port, password }: Settings): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${quote(folder.redis)}`,
    `logfile ${quote(join(folder.logs, 'redis.log'))}`,
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'daemonize no',
  ];
  return `${lines.join('\n')}\n`;
}

function quote(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The last start's password, and its port if that is free, so that clients can keep the URL. */
async function loadSettings(folder: DataFolder): Promise<Settings> {
  const path = join(folder.run, 'redis.json');
  // A power cut may damage the file; then treat it as missing.
  const known = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as Settings)
    .catch(() => undefined);
  const password = known?.password ?? randomBytes(24).toString('base64url');
  const port = known && (await isFree(known.port)) ? known.port : await anyFreePort();
  await writeFile(`${path}.new`, JSON.stringify({ port, password }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return { port, password };
}

async function becomesReady(child: ChildProcess, url: string): Promise<void> {
  const redis = connectRedis(url, { name: 'stack' });
  redis.on('error', () => undefined);
  try {
    for (; isAlive(child); await sleep(20)) {
      if (
        await redis.ping().then(
          () => true,
          () => false,
        )
      )
        return;
    }
    throw new Error('it ended');
  } finally {
    redis.disconnect();
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}

function isFree(port: number): Promise<boolean> {
  return listenOn(port).then(
    () => true,
    () => false,
  );
}

function anyFreePort(): Promise<number> {
  return listenOn(0);
}

/** Listens for a moment and returns the port. */
function listenOn(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
