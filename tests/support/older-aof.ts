import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRedis } from './redis.js';

/**
 * Copies what a redis-server has written so far. The call that comes back kills the server and starts it again on the
 * copy: a crash that loses everything since. (SIGKILL alone loses nothing: the kernel still has the tail.)
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
