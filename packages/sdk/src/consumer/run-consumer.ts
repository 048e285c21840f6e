import { setMaxListeners } from 'node:events';
import { type QueueContract, streamName } from '@codegen/contracts';
import { isOrchestratorError } from '../errors.js';
import { backoffMs, pause } from '../queue/backoff.js';
import { connectQueue } from '../queue/connect-queue.js';
import { checkRemembered } from '../queue/idempotency.js';
import { type Logger, silentLogger, withBindings } from '../queue/logger.js';
import { asUnavailable, unlessWrongType } from '../queue/redis-errors.js';
import { sayFailed } from '../queue/what-is-away.js';
import { textOf } from '../text/error-text.js';
import { claimLoop } from './claim-loop.js';
import type { ConsumerCore } from './consumer-core.js';
import { DurationCounter } from './durations.js';
import { handleEntry } from './handle-entry.js';
import { HeldEntries, type HeldEntry } from './held-entries.js';
import { housekeepingLoop, warnOfLosses } from './housekeeping.js';
import { leaseLoop, renewAll } from './lease.js';
import { Mover } from './mover-loop.js';
import type { ConsumerOptions, RunningConsumer } from './options.js';
import { readLoop } from './read-loop.js';
import { type Handled, Settler } from './settle.js';
import { endHandlers, interrupt, withinMs } from './shutdown.js';
import { watchStalls } from './watch-stalls.js';

/**
 * Consumes a work queue until it is stopped. Delivery is at least once: a handler must take the same message twice.
 * Survives a Redis that restarts, loses its data or stays away; never gives up by itself but for a FatalError.
 *
 * States: starting (group) → consuming → stopping (no new entries; handlers end) → ended.
 * @throws {OrchestratorError} NOT_CONFIGURED where the URL is none or missing
 * @throws {TypeError} where `concurrency` or `leaseMs` is no whole number above 0, the contract is no work queue, or has no `request_id` for `idempotency` to go by
 */
export function runConsumer<C extends QueueContract>(options: ConsumerOptions<C>): RunningConsumer {
  const { contract, params, consumer, concurrency = 1, prefetch = 0, leaseMs = 30_000, readLegacy = true } = options;
  if (!contract.group) throw new TypeError(`${contract.stream} is a log: read it with readLog`);
  for (const [name, value] of Object.entries({ concurrency, leaseMs })) {
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number above 0`);
  }
  if (options.idempotency) checkRemembered(contract, options.idempotency);
  const stream = streamName(contract, params);
  const logger = withBindings(options.logger ?? silentLogger, { queue: stream, consumer });
  const store = options.queue ?? connectQueue(options.redisUrl ?? '', { name: consumer, logger });
  const stopping = new AbortController();
  const ended = new AbortController();
  // Every entry that is being settled waits on one of them.
  setMaxListeners(0, stopping.signal, ended.signal);
  const core: ConsumerCore = {
    store,
    logger,
    group: contract.group,
    consumer,
    service: options.service,
    stream,
    streams: [stream, ...(readLegacy ? (contract.legacyStreams ?? []) : [])],
    leaseMs,
    capacity: Math.max(concurrency, prefetch),
    readBelow: Math.max(0, prefetch - concurrency) / 2,
    deadlineMs: options.deadlineMs ?? 10_000,
    held: new HeldEntries(),
    counts: { handled: 0, skipped: 0, failed: 0, retried: 0, deadLettered: 0, released: 0, takenOver: 0, refused: 0 },
    stopping: stopping.signal,
    ended: ended.signal,
    pump,
    wakeMover: () => mover.wake(),
  };
  const settler = new Settler(core);
  const mover = new Mover(core);
  const durations = new DurationCounter();
  let failure: { error: unknown } | undefined;
  let stopped: Promise<void> | undefined;

  function pump(): void {
    while (core.held.running < concurrency && !stopping.signal.aborted) {
      const entry = core.held.take();
      if (!entry) return;
      const startedMs = performance.now();
      void handleEntry(core, options, entry).then(
        (outcome) => handled(entry, outcome, startedMs),
        // A fault of ours, or an error that cannot even be judged: the entry keeps its state, and somebody must look.
        (error: unknown) => handled(entry, { kind: 'fatal', error }, startedMs),
      );
    }
  }

  function handled(entry: HeldEntry, outcome: Handled, startedMs: number): void {
    durations.record((performance.now() - startedMs) / 1000);
    core.held.handlerEnded();
    pump();
    if (outcome.kind === 'fatal') {
      failure ??= { error: outcome.error };
      core.held.remove(entry);
      void stop();
    } else {
      settler.settle(entry, outcome);
    }
  }

  async function start(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      try {
        await store.ensureGroup(stream, core.group);
        for (const old of core.streams.slice(1))
          await store.ensureGroup(old, core.group).catch(unlessWrongType(undefined));
        await warnOfLosses(core);
        return;
      } catch (error) {
        if (failures === 0) sayUnreachable(logger, asUnavailable(error, `preparing ${stream}`));
        await pause(backoffMs(failures), stopping.signal);
      }
    }
  }

  const started = start();
  const ready = started.then(() => {
    if (stopping.signal.aborted) throw new Error(`the consumer of ${stream} was stopped before it was ready`);
  });
  const readers = store.readTogether(core.streams).map((streams) => {
    const reader = store.openReader();
    return { reader, reading: started.then(() => readLoop(core, streams, reader)) };
  });
  const reading = readers.map((one) => one.reading);
  const { housekeeping = {} } = options;
  const loops = [() => claimLoop(core), () => mover.run()];
  if (housekeeping) loops.push(() => housekeepingLoop(core, housekeeping));
  const takingIn = [...reading, ...loops.map((loop) => started.then(loop))];
  const leases = leaseLoop(core);
  const unwatch = watchStalls(core);
  const unlisten = store.onOnline(() => void renewAll(core));

  async function shutDown(): Promise<void> {
    stopping.abort();
    await Promise.all(readers.map(({ reader, reading }) => interrupt(reader, reading)));
    await withinMs(1000, Promise.all(takingIn));
    await endHandlers(core, settler);
    ended.abort();
    await withinMs(1000, leases);
    unlisten();
    unwatch();
    if (store.online) {
      const gone = core.streams.map((one) => store.forgetConsumers({ stream: one, group: core.group }, { consumer }));
      await withinMs(1000, Promise.allSettled(gone));
    }
    await Promise.all(readers.map(({ reader }) => reader.close()));
    if (!options.queue) await store.close();
  }

  let finish: (result: Promise<void>) => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  function stop(): Promise<void> {
    if (!stopped) {
      stopped = shutDown();
      const failed = () => (failure ? Promise.reject(failure.error) : undefined);
      finish(stopped.then(failed));
    }
    return stopped;
  }

  // Whoever is interested awaits them; nobody has to.
  ready.catch(() => undefined);
  done.catch(() => undefined);
  const metrics = () => ({ ...core.counts, running: core.held.running, held: core.held.size });
  const stats = () => store.stats(stream, core.group);
  return { stream, ready, done, stop, metrics, stats, durations: () => durations };
}

/** What time alone does not mend, such as a wrong password, is an error. */
function sayUnreachable(logger: Logger, error: unknown): void {
  const doing = 'cannot reach the queue yet, still trying';
  if (isOrchestratorError(error) && !error.retryable) logger.error({ error: textOf(error) }, doing);
  else sayFailed(logger, error, doing);
}
