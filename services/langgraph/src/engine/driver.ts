import { randomUUID } from 'node:crypto';
import { isOrchestratorError, isRefusal } from '@codegen/sdk/errors';
import { type Logger, withCorrelation } from '@codegen/sdk/queue';
import { textOf } from '@codegen/sdk/text';
import { Command } from '@langchain/langgraph';
import { isAway, nextTryMs, sayWhatIsAway } from './backoff.js';
import { LeaseLost, type TakenThread, type ThreadKind, type Threads } from './threads.js';
import type { Waits } from './waits.js';

/** A compiled graph, as far as it is driven. */
export interface Flow {
  getState(config: FlowConfig): Promise<FlowSnapshot>;
  invoke(input: unknown, config: FlowConfig & { signal: AbortSignal }): Promise<unknown>;
}

interface FlowConfig {
  configurable: { thread_id: string };
  durability: 'sync';
  recursionLimit: number;
}

/** The step that every flow ends with. */
const LAST_STEP = 'finish';

interface FlowSnapshot {
  /** `next` is the step that the flow went to last. */
  values: Record<string, unknown>;
  config: { configurable?: Record<string, unknown> };
  tasks: readonly { interrupts: readonly { id?: string; value?: unknown }[] }[];
}

/** What to do with a flow that cannot go on. */
export interface Endings {
  /** Our fault, five times over: the task fails. */
  giveUp(thread: TakenThread, values: Record<string, unknown>, error: unknown): Promise<void>;
  /** The task has moved on without this flow: nothing is said, what it holds is let go. */
  abandon(thread: TakenThread, values: Record<string, unknown>): Promise<void>;
}

interface Drive {
  readonly driver: string;
  readonly abort: AbortController;
  done: Promise<void>;
}

const MAX_FAILURES = 5;
const SUPERSEDED = new Set(['STALE_EPOCH', 'TASK_ENDED', 'TASK_NOT_FOUND']);

/**
 * Drives threads: takes the lease, runs the graph to its next wait, releases it. One drive a thread in this process,
 * one holder of the lease among all of them; whoever cannot get it does nothing.
 *
 * In a drive: no checkpoint → invoke(input); stands at a wait with a result → resume with it; without → release;
 * neither (a driver died in mid-run) → invoke(null); at its end → done.
 */
export class Driver {
  readonly #drives = new Map<string, Drive>();
  readonly #slots: { free: number; waiting: (() => void)[] };
  #stopping = false;

  constructor(
    private readonly options: {
      threads: Threads;
      waits: Waits;
      flows: Readonly<Record<ThreadKind, Flow>>;
      endings: Endings;
      instance: string;
      leaseMs: number;
      /** Threads driven at a time. */
      concurrency: number;
      /** Told that this service is not let in: no thread can go on here. */
      refused: (error: unknown) => void;
      logger: Logger;
    },
  ) {
    this.#slots = { free: options.concurrency, waiting: [] };
  }

  /** The driver under which this process drives a thread, if it does and may still act. */
  driverOf(threadId: string): string | undefined {
    const drive = this.#drives.get(threadId);
    return drive?.abort.signal.aborted ? undefined : drive?.driver;
  }

  /** Ends the drive of a thread for an error; it is treated as one of the graph. */
  fail(threadId: string, error: unknown): void {
    this.#drives.get(threadId)?.abort.abort(error);
  }

  /** Drives a thread as far as it goes, unless someone is at it. Returns at once. */
  nudge(threadId: string): void {
    if (this.#stopping || this.#drives.has(threadId)) return;
    const drive: Drive = {
      driver: `${this.options.instance}/${randomUUID()}`,
      abort: new AbortController(),
      done: Promise.resolve(),
    };
    this.#drives.set(threadId, drive);
    drive.done = this.#run(threadId, drive);
  }

  /** Drives no more; what is under way gets the time to reach its next wait, then is given to others. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const all = Promise.all([...this.#drives.values()].map((drive) => drive.done));
    const timer = setTimeout(() => {
      for (const drive of this.#drives.values()) drive.abort.abort(new Error('stopping'));
    }, graceMs);
    await all;
    clearTimeout(timer);
  }

  async #run(threadId: string, drive: Drive): Promise<void> {
    await this.#acquireSlot();
    try {
      for (;;) {
        const standsAt = await this.#driveOnce(threadId, drive);
        // An answer that came between our last look and the release found the lease held.
        if (standsAt === undefined || this.#stopping) return;
        if (!(await this.options.waits.resultFor(threadId, standsAt))) return;
      }
    } catch (error) {
      // The database is away: the lease runs out, and the sweep comes back to this thread.
      const doing = 'a thread could not be driven';
      if (isAway(error)) sayWhatIsAway(this.options.logger, error, doing, { thread_id: threadId });
      else this.options.logger.warn({ thread_id: threadId, error: textOf(error) }, doing);
    } finally {
      this.#drives.delete(threadId);
      this.#releaseSlot();
    }
  }

  /** Gives the request id of the wait at which the thread was released. */
  async #driveOnce(threadId: string, drive: Drive): Promise<string | undefined> {
    const { threads, leaseMs } = this.options;
    const thread = await threads.take(threadId, drive.driver, leaseMs);
    if (!thread) return undefined;
    return withCorrelation(thread.input.correlation_id, () => this.#driveTaken(thread, drive));
  }

  async #driveTaken(thread: TakenThread, drive: Drive): Promise<string | undefined> {
    const { threads, logger } = this.options;
    const { threadId } = thread;
    const stopRenewing = this.#keepLease(threadId, drive);
    const flow = this.options.flows[thread.kind];
    try {
      const standsAt = await this.#advance(flow, thread, drive);
      if (standsAt === undefined) await threads.finish(threadId, drive.driver);
      else await threads.release(threadId, drive.driver);
      return standsAt;
    } catch (error) {
      const reason = drive.abort.signal.aborted ? drive.abort.signal.reason : error;
      if (reason instanceof LeaseLost) {
        logger.info({ thread_id: threadId }, 'lost the lease of a thread, stopped acting on it');
        return undefined;
      }
      await this.#afterFailure(flow, thread, drive, reason);
      return undefined;
    } finally {
      stopRenewing();
    }
  }

  /** Runs the graph until it waits (gives the wait's request id) or ends (undefined). */
  async #advance(flow: Flow, thread: TakenThread, drive: Drive): Promise<string | undefined> {
    const config = configOf(thread.threadId);
    const invoke = (input: unknown) =>
      withOwnSignal(drive.abort.signal, (signal) => flow.invoke(input, { ...config, signal }));
    for (;;) {
      drive.abort.signal.throwIfAborted();
      const snapshot = await flow.getState(config);
      if (snapshot.config.configurable?.checkpoint_id === undefined) {
        await invoke({ input: thread.input, epoch: thread.input.epoch });
        continue;
      }
      // `next` alone does not tell: it is empty, too, where a node has failed.
      if (snapshot.tasks.length === 0) {
        const { next } = snapshot.values;
        // Of another version: to take that for its end would leave its task running for ever.
        if (next !== LAST_STEP) throw new Error(`this version has no step ${next}, which the flow stands before`);
        return undefined;
      }
      const pending = pendingWait(snapshot);
      if (!pending) {
        await invoke(null);
        continue;
      }
      const result = await this.options.waits.resultFor(thread.threadId, pending.requestId);
      if (!result) return pending.requestId;
      await invoke(new Command({ resume: { [pending.interruptId]: result } }));
    }
  }

  async #afterFailure(flow: Flow, thread: TakenThread, drive: Drive, error: unknown): Promise<void> {
    const { threads, logger, endings } = this.options;
    const { threadId } = thread;
    const about = { thread_id: threadId, task_id: thread.input.task_id, error: textOf(error) };
    if (this.#stopping && drive.abort.signal.aborted) {
      await threads.leave(threadId, drive.driver, { delayMs: 0, failures: thread.failures, errors: thread.errors });
      return;
    }
    if (isRefusal(error)) {
      // A peer may be let in: it goes on with the thread at once.
      this.#stopping = true;
      await threads.leave(threadId, drive.driver, { delayMs: 0, failures: thread.failures, errors: thread.errors });
      this.options.refused(error);
      return;
    }
    if (isAway(error)) {
      sayWhatIsAway(logger, error, 'a thread waits for something that is away', about);
      const errors = thread.errors + 1;
      await threads.leave(threadId, drive.driver, { delayMs: nextTryMs(errors), failures: thread.failures, errors });
      return;
    }
    try {
      if (isOrchestratorError(error) && SUPERSEDED.has(error.code)) {
        logger.warn(about, 'the task has moved on without this thread');
        await endings.abandon(thread, (await flow.getState(configOf(threadId))).values);
        await threads.finish(threadId, drive.driver);
        return;
      }
      const failures = isRefusedByDatabase(error) ? MAX_FAILURES : thread.failures + 1;
      logger.error({ ...about, failures, stack: error instanceof Error ? error.stack : undefined }, 'a thread failed');
      if (failures < MAX_FAILURES) {
        await threads.leave(threadId, drive.driver, { delayMs: nextTryMs(failures), failures, errors: thread.errors });
        return;
      }
      await endings.giveUp(thread, (await flow.getState(configOf(threadId))).values, error);
      await threads.finish(threadId, drive.driver);
    } catch (endingError) {
      const errors = thread.errors + 1;
      const doing = 'a thread could not be ended, trying again';
      if (isAway(endingError)) sayWhatIsAway(logger, endingError, doing, about);
      else logger.warn({ ...about, error: textOf(endingError) }, doing);
      await threads.leave(threadId, drive.driver, { delayMs: nextTryMs(errors), failures: thread.failures, errors });
    }
  }

  /** Renews the lease until told to stop; aborts the drive once it is lost, or may be. */
  #keepLease(threadId: string, drive: Drive): () => void {
    const { threads, leaseMs } = this.options;
    let renewedMs = performance.now();
    let renewing = false;
    const lose = () => drive.abort.abort(new LeaseLost(threadId));
    const timer = setInterval(() => {
      if (performance.now() - renewedMs > leaseMs) lose();
      if (renewing) return;
      renewing = true;
      const askedMs = performance.now();
      threads
        .renew(threadId, drive.driver, leaseMs)
        .then(
          (held) => {
            if (held) renewedMs = askedMs;
            else lose();
          },
          () => undefined,
        )
        .finally(() => {
          renewing = false;
        });
    }, leaseMs / 3);
    return () => clearInterval(timer);
  }

  async #acquireSlot(): Promise<void> {
    if (this.#slots.free > 0) this.#slots.free -= 1;
    else await new Promise<void>((resolve) => this.#slots.waiting.push(resolve));
  }

  #releaseSlot(): void {
    const next = this.#slots.waiting.shift();
    if (next) next();
    else this.#slots.free += 1;
  }
}

function configOf(threadId: string): FlowConfig {
  return { configurable: { thread_id: threadId }, durability: 'sync', recursionLimit: 200 };
}

/** What the database will not take the next time either: text it cannot hold, or too much of it. */
function isRefusedByDatabase(error: unknown): boolean {
  return /^(22|54)/.test(String((error as { code?: unknown } | null)?.code ?? ''));
}

function pendingWait(snapshot: FlowSnapshot): { interruptId: string; requestId: string } | undefined {
  for (const { id, value } of snapshot.tasks.flatMap((task) => task.interrupts)) {
    const requestId = (value as { request_id?: string } | undefined)?.request_id;
    if (id !== undefined && requestId !== undefined) return { interruptId: id, requestId };
  }
  return undefined;
}

/** LangGraph leaves its listeners on the signal that it gets, so every run gets one that ends with it. */
async function withOwnSignal<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const forward = () => own.abort(outer.reason);
  outer.addEventListener('abort', forward, { once: true });
  try {
    return await work(own.signal);
  } finally {
    outer.removeEventListener('abort', forward);
  }
}
