import type { Redis } from 'ioredis';
import { freePort } from '../../../../tests/support/ports.js';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';

const SLOTS = 16_384;

export interface TestCluster {
  readonly url: string;
  readonly nodes: readonly TestRedis[];
  /** Empties every node. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis Cluster of three masters on loopback. */
export async function startCluster(): Promise<TestCluster> {
  const busPorts = await Promise.all([freePort(), freePort(), freePort()]);
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port'];
  const nodes = await Promise.all(busPorts.map((port) => startRedis([...options, String(port)])));
  const connections = nodes.map(({ url }) => openRedis(url));
  // Tests kill the nodes.
  for (const redis of connections) redis.on('error', () => undefined);
  const [first] = connections as [Redis];
  for (const [i, redis] of connections.entries()) {
    const [from, to] = [i, i + 1].map((n) => Math.round((n * SLOTS) / nodes.length)) as [number, number];
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  for (const [i, { port }] of nodes.entries()) {
    if (i > 0) await first.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[i] as number);
  }
  await waitFor('the cluster to be one', async () => {
    const infos = await Promise.all(connections.map((redis) => redis.call('CLUSTER', 'INFO')));
    return infos.every((info) => /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(info)));
  });
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    clear: async () => void (await Promise.all(connections.map((redis) => redis.flushall()))),
    stop: async () => {
      for (const redis of connections) redis.disconnect();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
