import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './statistics.js';

/** Milliseconds between two publishes to a consumer that has nothing to do. */
const IDLE_MS = 3;

/** Messages per second of some work on `count` messages. Collects garbage before the clock starts. */
export async function perSecond(count, work) {
  globalThis.gc?.();
  const start = process.hrtime.bigint();
  await work();
  return (count * 1e9) / Number(process.hrtime.bigint() - start);
}

/** Calls `publish` for each message, with a number of calls outstanding at a time. */
export async function inWindow(messages, outstanding, publish) {
  let next = 0;
  const one = async () => {
    while (next < messages.length) await publish(messages[next++]);
  };
  await Promise.all(Array.from({ length: outstanding }, one));
}

/** Bytes that Redis uses for the data of `fill`, without the buffer of the append-only file. */
export async function bytesOf(redis, fill) {
  const used = async () => {
    const info = await redis.info('memory');
    const figure = (name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)[1]);
    return figure('used_memory') - figure('mem_clients_normal') - figure('mem_aof_buffer');
  };
  const before = await used();
  await fill();
  return (await used()) - before;
}

/**
 * Milliseconds from a publish to its handler, one message at a time: { p50, p99 }.
 * `publish` sends a message; the handler calls the function that `listen` got.
 */
export async function latencies(messages, listen, publish) {
  const samples = [];
  let handled = () => undefined;
  listen(() => handled());
  globalThis.gc?.();
  for (const message of messages) {
    const start = process.hrtime.bigint();
    const arrived = new Promise((resolve) => {
      handled = () => resolve(samples.push(Number(process.hrtime.bigint() - start) / 1e6));
    });
    await Promise.all([publish(message), arrived]);
    await sleep(IDLE_MS);
  }
  return { p50: percentile(samples, 50), p99: percentile(samples, 99) };
}
