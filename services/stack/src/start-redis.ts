import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { deathSignalPrefix, identityOf, isSameProcess, type ProcessIdentity } from '@codegen/sdk/processes';
import { connectRedis, type Logger } from '@codegen/sdk/queue';
import type { DataFolder } from './data-folder.js';

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
 * Starts a redis-server on loopback with a password, AOF on, and starts it again whenever it dies, on the same port and
 * data. It ends with this process, even where that is killed.
 * @throws OrchestratorError REDIS_UNAVAILABLE where redis-server is missing or does not come up
 */
export async function startRedis(folder: DataFolder, logger: Logger): Promise<SupervisedRedis> {
  await endLeftover(folder);
  const settings = await loadSettings(folder);
  const config = join(folder.run, 'redis.conf');
  await writeFile(config, configuration(folder, settings), { mode: 0o600 });
  const url = `redis://:${settings.password}@127.0.0.1:${settings.port}`;

  let stopping = false;
  let child = await launch(folder, config, url);
  const supervise = async () => {
    for (let delayMs = 100; !stopping; delayMs = Math.min(delayMs * 2, 5000)) {
      if (isAlive(child)) await once(child, 'exit');
      if (stopping) return;
      logger.error({ code: child.exitCode, signal: child.signalCode }, 'redis-server died; starting it again');
      await sleep(delayMs);
      if (stopping) return;
      try {
        child = await launch(folder, config, url);
        delayMs = 100;
      } catch (error) {
        logger.error({ error: String(error) }, 'redis-server did not come back');
      }
    }
  };
  const supervision = supervise();
  return {
    url,
    port: settings.port,
    stop: async () => {
      stopping = true;
      if (isAlive(child)) {
        child.kill('SIGTERM');
        // Ten seconds are plenty to write the tail of the AOF.
        const gone = await Promise.race([once(child, 'exit').then(() => true), sleep(10_000, false, { ref: false })]);
        if (!gone) child.kill('SIGKILL');
      }
      await supervision;
    },
  };
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

/** The port of the last start where it is still free, so that clients which kept the URL find it again. */
async function loadSettings(folder: DataFolder): Promise<Settings> {
  const path = join(folder.run, 'redis.json');
  const known = await readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as Settings,
    () => undefined,
  );
  const password = known?.password ?? randomBytes(24).toString('base64url');
  const port = known && (await isFree(known.port)) ? known.port : await anyFreePort();
  await writeFile(`${path}.new`, JSON.stringify({ port, password }), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return { port, password };
}

async function launch(folder: DataFolder, config: string, url: string): Promise<ChildProcess> {
  const [command, ...args] = [...(await deathSignalPrefix('SIGTERM')), 'redis-server', config];
  // A group of its own: Ctrl-C in the terminal is for the stack, which then stops things in order.
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true, cwd: folder.redis });
  const failed = once(child, 'error').then(([error]) => {
    throw new OrchestratorError('REDIS_UNAVAILABLE', 'redis-server could not be started', {
      cause: error,
      next: [{ command: 'apt-get install redis-server', when: 'where it is not installed' }],
    });
  });
  await Promise.race([failed, becomesReady(child, url, folder)]);
  failed.catch(() => undefined);
  await writeFile(join(folder.run, 'redis.pid'), JSON.stringify(identityOf(child.pid as number)), { mode: 0o600 });
  return child;
}

async function becomesReady(child: ChildProcess, url: string, folder: DataFolder): Promise<void> {
  const redis = connectRedis(url, { name: 'stack' });
  redis.on('error', () => undefined);
  try {
    for (const deadline = Date.now() + 30_000; ; await sleep(20)) {
      if (
        await redis.ping().then(
          () => true,
          () => false,
        )
      )
        return;
      if (!isAlive(child) || Date.now() > deadline) {
        throw new OrchestratorError(
          'REDIS_UNAVAILABLE',
          `redis-server did not come up. Read ${join(folder.logs, 'redis.log')}`,
        );
      }
    }
  } finally {
    redis.disconnect();
  }
}

/** Ends a server that a killed stack left behind: two of them on one AOF would ruin it. */
async function endLeftover(folder: DataFolder): Promise<void> {
  const identity = await readFile(join(folder.run, 'redis.pid'), 'utf8').then(
    (text) => JSON.parse(text) as ProcessIdentity,
    () => undefined,
  );
  for (const deadline = Date.now() + 5000; identity && isSameProcess(identity); await sleep(20)) {
    process.kill(identity.pid, Date.now() > deadline ? 'SIGKILL' : 'SIGTERM');
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

/** Listens for a moment and gives the port. */
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
