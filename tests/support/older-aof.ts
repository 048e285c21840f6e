import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRedis } from './redis.js';

/**
 * Copies the AOF of a redis-server. The returned function kills the server and restarts it on the copy: a crash that loses
 * all later writes. (SIGKILL alone loses nothing: the kernel still has the tail.)
 */
export async function keepAof(server: TestRedis): Promise<() => Promise<void>> {
  const live = join(server.folder, 'appendonlydir');
  const kept = join(server.folder, 'kept');
  await rm(kept, { recursive: true, force: true });
  await cp(live, kept, { recursive: true });
  return async () => {
    await server.kill();
    await rm(live, { recursive: true });
    await rename(kept, live);
    await server.restart();
  };
}
