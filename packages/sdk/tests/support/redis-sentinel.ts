import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { freePort } from '../../../../tests/support/ports.js';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';

const SENTINELS = 3;

export interface TestSentinels {
  readonly url: string;
  readonly master: TestRedis;
  readonly replica: TestRedis;
  /** Empties the master. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** A master, its replica and three Sentinels that watch over them, on loopback. */
export async function startSentinels(): Promise<TestSentinels> {
  const master = await startRedis();
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)]);
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(master.port)));
  const [first] = sentinels.map(({ port }) => openRedis({ port, host: '127.0.0.1' })) as [Redis, ...Redis[]];
  const others = sentinels.slice(1).map(({ port }) => openRedis({ port, host: '127.0.0.1' }));
  await waitFor('the Sentinels to know each other and the replica', async () => {
    const views = await Promise.all([first, ...others].map((one) => one.call('SENTINEL', 'MASTER', 'main')));
    return views.map(fieldsOf).every((view) => {
      return view['num-other-sentinels'] === String(SENTINELS - 1) && view['num-slaves'] === '1';
    });
  });
  for (const redis of [first, ...others]) redis.disconnect();
  const direct = openRedis(master.url);
  await waitFor('the replica to follow', async () => /state=online/.test(await direct.info('replication')));
  direct.disconnect();
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`,
    master,
    replica,
    clear: async () => {
      const redis = openRedis(master.url);
      await redis.flushall();
      redis.disconnect();
    },
    stop: async () => {
      await Promise.all(sentinels.map((one) => one.stop()));
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
}

/** A Sentinel keeps what it learns in its configuration file, so each has a folder of its own. */
async function startSentinel(masterPort: number): Promise<{ port: number; stop(): Promise<void> }> {
  const [folder, port] = await Promise.all([tempFolder('codegen-sentinel'), freePort()]);
  const file = join(folder.path, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder.path}`,
    `sentinel monitor main 127.0.0.1 ${masterPort} 2`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  const redis = openRedis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  await waitFor(`a Sentinel on port ${port}`, async () => (await redis.ping()) === 'PONG');
  redis.disconnect();
  return {
    port,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await folder.remove();
    },
  };
}

function fieldsOf(flat: unknown): Record<string, string> {
  const list = flat as string[];
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] as string]] : [])));
}
