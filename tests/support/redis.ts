import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort } from './ports.js';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Of the server process; changes with `restart`. */
  readonly pid: number;
  /** Sends SIGKILL, like a crash. */
  kill(): Promise<void>;
  /** Starts the server again on the same port and folder. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a separate redis-server: a free port, an empty folder, AOF as in production. */
export async function startRedis(args: readonly string[] = []): Promise<TestRedis> {
  const folder = await tempFolder('codegen-redis');
  const port = await freePort();
  let child = await launch(port, folder.path, args);
  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder: folder.path,
    get pid() {
      return child.pid as number;
    },
    kill: () => kill('SIGKILL'),
    restart: async () => {
      await kill('SIGTERM');
      child = await launch(port, folder.path, args);
    },
    stop: async () => {
      await kill('SIGTERM');
      await folder.remove();
    },
  };
}

/** A plain ioredis connection. If its server is killed, commands fail and ioredis prints nothing. */
export function openRedis(where: string | Options, options: Options = {}): Redis {
  const redis = typeof where === 'string' ? new Redis(where, options) : new Redis({ ...where, ...options });
  redis.on('error', () => undefined);
  return redis;
}

type Options = RedisOptions & { replyMapping?: 'legacy' };

async function launch(port: number, folder: string, args: readonly string[]): Promise<ChildProcess> {
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const child = spawn('redis-server', [...base, '--appendfsync', 'everysec', ...args], { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error('redis-server did not start: is it installed?', { cause: error })));
  });
  await Promise.race([failed, waitFor(`redis on port ${port}`, () => answers(port))]);
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
