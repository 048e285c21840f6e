import { setTimeout as sleep } from 'node:timers/promises';
import type { Manager } from './manager.js';
import { isLiving } from './slots.js';
import type { WorkerRecord } from './worker-records.js';

const LOOK_MS = 200;
/** Milliseconds that Redis may be away before nobody is waited for any more: no worker can tell how its turn ended. */
const AWAY_MS = 60_000;
/** Milliseconds that no turn may run before nobody is waited for any more: a task may be parked for hours. */
const QUIET_MS = 120_000;

/**
 * Waits until what has begun is done: the workers of tasks until they are deleted, as one that is lost costs its task an
 * attempt; others until their turn ends. No longer than `limitMs`, nor while no turn runs for `quietMs`, nor once `signal` says that this cannot go on.
 */
export async function drain(manager: Manager, limitMs: number, signal: AbortSignal, quietMs = QUIET_MS): Promise<void> {
  const { records, logger } = manager;
  let turns = await manager.ownership.turns().catch(() => new Map<string, string>());
  const waitedFor = () => records.all().filter((record) => isLiving(record.state) && isAtWork(record, turns));
  const told = waitedFor().map(({ worker_id }) => worker_id);
  if (told.length === 0) return;
  logger.info(
    { workers: told, limit_ms: limitMs },
    'waiting for the work that has begun; a second signal ends it at once',
  );
  const from = performance.now();
  let reachedAt = from;
  let busyAt = from;
  while (performance.now() - from < limitMs && !signal.aborted && waitedFor().length > 0) {
    if (manager.steadySince() !== undefined) reachedAt = performance.now();
    if (performance.now() - reachedAt > AWAY_MS) break;
    turns = await manager.ownership.turns().catch(() => turns);
    if (records.all().some((record) => record.state === 'starting' || turns.get(record.worker_id)))
      busyAt = performance.now();
    if (performance.now() - busyAt > quietMs) break;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  const left = waitedFor().map(({ worker_id }) => worker_id);
  if (left.length > 0) logger.warn({ workers: left }, 'work that has begun is not done, and ends here');
}

function isAtWork({ worker_id, context }: WorkerRecord, turns: ReadonlyMap<string, string>): boolean {
  return context.task_id !== undefined || Boolean(turns.get(worker_id));
}
