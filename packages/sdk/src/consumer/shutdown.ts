import { pause } from '../queue/backoff.js';
import type { WaitingReader } from '../queue/store.js';
import type { ConsumerCore } from './consumer-core.js';
import type { Settler } from './settle.js';

/** Milliseconds that aborted handlers get to return. */
const ABORTED_GRACE_MS = 1000;

/**
 * Gives back what has not begun, lets running handlers end within the deadline, then aborts them and gives back what
 * they leave. A handler that ignores even that keeps its message pending, for a peer to take over with the lease.
 */
export async function endHandlers(core: ConsumerCore, settler: Settler): Promise<void> {
  const waiting = core.held.all().filter((entry) => entry.state === 'waiting');
  for (const entry of waiting) settler.settle(entry, { kind: 'release' });
  const { held, ended } = core;
  const idle = () => held.until(() => held.size === 0 && held.running === 0, ended);
  await withinMs(core.deadlineMs, idle());
  const late = core.held.all().filter((entry) => entry.state === 'running');
  if (late.length === 0) return;
  core.logger.warn({ entry_ids: late.map(({ id }) => id) }, 'the deadline to stop has passed: aborting handlers');
  for (const entry of late) entry.abort.abort(new Error('the consumer stops'));
  await withinMs(ABORTED_GRACE_MS, idle());
}

/** Ends a waiting read, and what loops around it. */
export async function interrupt(reader: WaitingReader, reading: Promise<void>): Promise<void> {
  const left = new AbortController();
  const leave = () => left.abort();
  reading.then(leave, leave);
  await reader.interrupt(left.signal);
}

/** Waits for some work, but not longer than so many milliseconds. */
export async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, pause(ms, timer.signal)]);
  timer.abort();
}
