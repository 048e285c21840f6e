import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Milliseconds that the server may take to start. */
const START_MS = 10_000;

/**
 * Starts a separate redis-server with an append-only file, as in production. It never rewrites that file, because a rewrite
 * would slow down an arbitrary round.
 */
export async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), 'codegen-bench-'));
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: 'everysec' };
  const args = Object.entries({ ...settings, 'auto-aof-rewrite-percentage': 0 });
  const child = spawn(
    'redis-server',
    args.flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  );
  const url = `redis://127.0.0.1:${port}`;
  const exited = once(child, 'exit');
  // Its data is worthless, so kill it; this also works when the benchmark itself is ended.
  const end = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', end);
  const stop = async () => {
    child.kill('SIGKILL');
    await exited.catch(() => undefined);
    process.off('exit', end);
    end();
  };
  try {
    const gone = exited.then(([code]) => Promise.reject(new Error(`redis-server ended with ${code}`)));
    const version = await Promise.race([answer(url), gone]);
    gone.catch(() => undefined);
    return { url, version, stop };
  } catch (error) {
    await stop();
    throw new Error('redis-server did not start. Try: bin/set-up redis', { cause: error });
  }
}

/** The server's version, once it answers. */
async function answer(url) {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  try {
    const late = sleep(START_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer')));
    return /^redis_version:(\S+)/m.exec(await Promise.race([redis.info('server'), late]))[1];
  } finally {
    redis.disconnect();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
