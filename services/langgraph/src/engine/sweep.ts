import { decodeEntry, type QueueContract, type Task } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isRefusal } from '@codegen/sdk/errors';
import { type Logger, LossWatch, type Redis } from '@codegen/sdk/queue';
import { sayBack } from '@codegen/sdk/service';
import { messageOf } from '@codegen/sdk/text';
import { isAway, pauseFor, sayWhatIsAway } from './backoff.js';
import { send } from './dispatch.js';
import type { Driver } from './driver.js';
import { lookAtTask } from './look-at-task.js';
import { reportEnd } from './outcome.js';
import { storeAnswer, storeRefusal } from './results.js';
import type { Threads } from './threads.js';
import type { DueWait, Waits } from './waits.js';

interface SweepOptions {
  api: Api;
  redis: Redis;
  threads: Threads;
  waits: Waits;
  driver: Driver;
  /** The contract of what answers each step. */
  answers: Readonly<Record<string, QueueContract>>;
  sweepMs: number;
  /** Milliseconds between looks at all running tasks, while Redis brings what becomes of them. */
  endsEveryMs: number;
  /** Milliseconds until an end that is in no event counts as lost. */
  endLostAfterMs: number;
  /** Told that this service is not let in. */
  refused: (error: unknown) => void;
  logger: Logger;
}

const BATCH = 200;
/** The same, in milliseconds, while Redis takes nothing. */
const ENDS_EVERY_MS_WITHOUT_REDIS = 900;
/** Milliseconds after which a Redis that has taken nothing brings no messages either. */
const SILENT_MS = 3000;
/** Keys that are looked at in a round: those of the newest waits. */
const MOST_KEYS = 1000;
const PURGE_EVERY_MS = 10 * 60_000;
/** Flows that have ended are kept this long, for whoever wants to look. */
const KEEP_ENDED_MS = 24 * 60 * 60_000;

/**
 * The part of the service that needs no event. Every round, on every replica: takes up threads that nobody drives, ends
 * waits whose time has run out, looks after unanswered ones, and now and then asks which tasks are to be cancelled, where
 * their message did not say so. When Redis may
 * have lost data, all that it may have lost is looked after at once. Each part may fail without stopping the others, and
 * so may each thing that a part looks after. What ends waits has rounds of its own: a slow Redis must not delay it.
 */
export async function sweep(options: SweepOptions, signal: AbortSignal): Promise<void> {
  const everyMs = (ms: number, work: () => Promise<void>) => {
    let next = 0;
    return async () => {
      if (performance.now() < next) return;
      await work();
      next = performance.now() + ms;
    };
  };
  const losses = new LossWatch(options.redis, 'langgraph');
  let tellEndsAtMs = Number.POSITIVE_INFINITY;
  let noticedMs = Number.NEGATIVE_INFINITY;
  let takenMs = Number.NEGATIVE_INFINITY;
  const ending: Part[] = [
    async () => {
      const isSilent = performance.now() - takenMs > Math.max(SILENT_MS, 3 * options.sweepMs);
      const everyMs = isSilent ? Math.min(ENDS_EVERY_MS_WITHOUT_REDIS, options.endsEveryMs) : options.endsEveryMs;
      if (performance.now() - noticedMs < everyMs) return;
      await noticeEnds(options, signal);
      noticedMs = performance.now();
    },
    () => expireWaits(options),
    async () => {
      for (const threadId of await options.threads.drivable(BATCH)) options.driver.nudge(threadId);
    },
    everyMs(PURGE_EVERY_MS, async () => {
      while ((await options.threads.purge(KEEP_ENDED_MS, BATCH)) === BATCH) signal.throwIfAborted();
    }),
  ];
  const answering: Part[] = [
    async () => {
      const askedMs = performance.now();
      await options.redis.set('probe:langgraph', '', 'PX', 60_000);
      takenMs = askedMs;
    },
    () =>
      losses.check(async () => {
        await options.waits.allDue();
        noticedMs = Number.NEGATIVE_INFINITY;
        // An end of just now may still be on its way; replicas take turns, so that it is told once.
        tellEndsAtMs = performance.now() + options.endLostAfterMs * (1 + Math.random());
      }),
    async () => {
      if (performance.now() < tellEndsAtMs) return;
      await tellEnds(options, signal);
      tellEndsAtMs = Number.POSITIVE_INFINITY;
    },
    () => lookAfterWaits(options, signal),
    () => readResponseKeys(options),
  ];
  await Promise.all([ending, answering].map((parts) => runRounds(parts, options, signal)));
}

type Part = () => Promise<void>;

async function runRounds(parts: readonly Part[], options: SweepOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let isWell = true;
    for (const part of parts) {
      if (signal.aborted) return;
      try {
        await part();
      } catch (error) {
        if (signal.aborted) return;
        isWell = false;
        if (isRefusal(error)) options.refused(error);
        const text = messageOf(error);
        if (isAway(error)) sayWhatIsAway(options.logger, error, 'the sweep waits for something that is away');
        else options.logger.error({ error: text }, 'a part of the sweep failed');
      }
    }
    // Some part of each round asks the database.
    if (isWell) sayBack(options.logger, 'the database');
    await pauseFor(options.sweepMs * (0.8 + Math.random() * 0.4), signal);
  }
}

/** In a row, so many that fail for something that is away show that it is away for all. */
const AWAY_FOR_ALL = 3;

/** Does the work for one after the other. One that fails is logged and passed over. */
async function forEach<T>(
  { logger }: Pick<SweepOptions, 'logger'>,
  ones: readonly T[],
  about: (one: T) => object,
  work: (one: T) => Promise<void>,
): Promise<void> {
  let away = 0;
  for (const one of ones) {
    try {
      await work(one);
      away = 0;
    } catch (error) {
      away = isAway(error) ? away + 1 : 0;
      if (away === AWAY_FOR_ALL) throw error;
      const doing = 'the sweep passes over one that fails';
      if (isAway(error)) sayWhatIsAway(logger, error, doing, about(one));
      else logger.warn({ ...about(one), error: messageOf(error) }, doing);
    }
  }
}

function expireWaits({ waits, driver, logger }: SweepOptions): Promise<void> {
  return waits.overdue(BATCH).then((overdue) =>
    forEach(
      { logger },
      overdue,
      (request_id) => ({ request_id }),
      async (requestId) => {
        const threadId = await waits.expire(requestId);
        if (threadId !== undefined) driver.nudge(threadId);
      },
    ),
  );
}

async function lookAfterWaits(options: SweepOptions, signal: AbortSignal): Promise<void> {
  const due = await options.waits.due(BATCH);
  await forEach(
    options,
    due,
    ({ requestId: request_id, step }) => ({ request_id, step }),
    async (wait) => {
      const { threadId: request_id, taskId: task_id } = wait;
      if (wait.condition) await lookAtTask(options, { request_id, task_id }, signal);
      else if (wait.messages.length > 0) await sendAgain(options, wait);
    },
  );
}

/** Sends the messages again that are no longer in their stream: done with, while the answer was lost, or lost themselves. */
async function sendAgain({ redis, waits, logger }: SweepOptions, wait: DueWait): Promise<void> {
  const kept: { stream: string; id: string }[] = [];
  for (const [index, message] of wait.messages.entries()) {
    const entry = wait.entries?.[index];
    const there = entry && (await redis.xrange(entry.stream, entry.id, entry.id)).length > 0;
    if (entry && there) {
      kept.push(entry);
      continue;
    }
    logger.info({ request_id: wait.requestId, step: wait.step, queue: message.queue }, 'no answer yet, sending again');
    kept.push(...(await send(redis, [message])));
  }
  await waits.sent(wait.requestId, kept);
}

/** Tells the ends of tasks whose event was lost before the API had it. */
async function tellEnds({ api, redis, endLostAfterMs, logger }: SweepOptions, signal: AbortSignal): Promise<void> {
  const untold = await api.untold({ older_than_ms: endLostAfterMs, limit: 500 }, { signal });
  await forEach(
    { logger },
    untold,
    ({ task }) => ({ task_id: task.id }),
    async ({ task, message }) => {
      const { id: task_id, status, reason, error, result } = task;
      if (status === 'queued' || status === 'running') return;
      logger.warn({ task_id, status }, 'the event of its end was lost: told again');
      await reportEnd({ redis }, message, { status, reason, error, result });
    },
  );
}

async function readResponseKeys({ redis, waits, driver, answers, logger }: SweepOptions): Promise<void> {
  const waiting = await waits.withResponseKey(MOST_KEYS);
  if (waiting.length === 0) return;
  const texts = await redis.mget(waiting.map((one) => one.key));
  const found = waiting.map((one, index) => ({ ...one, text: texts[index] }));
  await forEach(
    { logger },
    found,
    ({ requestId }) => ({ request_id: requestId }),
    async ({ requestId, step, text }) => {
      const contract = answers[step];
      if (!text || !contract) return;
      // Read as from its stream: anybody may have put it there.
      const read = decodeEntry(contract, { data: text });
      if (!read.ok) await storeRefusal({ waits, driver, logger }, requestId, read.error);
      else if ('request_id' in read.message && read.message.request_id === requestId) {
        await storeAnswer({ waits, driver, logger }, { ...read.message, request_id: requestId });
      }
    },
  );
}

/** Brings requests to cancel to their flows, and that a task was ended or started again by somebody else. */
async function noticeEnds({ api, threads, waits, driver, logger }: SweepOptions, signal: AbortSignal): Promise<void> {
  // Asked first: whoever has a thread was running before the tasks are listed.
  const unfinished = await threads.unfinished();
  if (unfinished.length === 0) return;
  const running = new Set<string>();
  const asked: Task[] = [];
  for await (const task of api.tasks.list({ status: 'running', limit: 500 }, { signal })) {
    running.add(task.request_id);
    if (task.cancel_requested) asked.push(task);
  }
  await waits.cancel(asked.map(({ request_id }) => request_id));
  // One that has asked nobody rests between its tries to go on; none of its waits would wake it.
  for (const { request_id } of asked) driver.nudge(request_id);
  const left = unfinished.filter((threadId) => !running.has(threadId));
  await forEach(
    { logger },
    left,
    (thread_id) => ({ thread_id }),
    async (threadId) => {
      await waits.supersede(threadId);
      driver.nudge(threadId);
    },
  );
}
