import { type QueueContract, queues } from '@codegen/contracts';
import { isOrchestratorError } from '../errors.js';
import { onRedis } from '../queue/redis-errors.js';
import type { QueueStore } from '../queue/store.js';
import { findQueue, globOf, isTemplate } from './find-queue.js';

/** How full one stream is, as its group sees it. */
export interface QueueFigures {
  stream: string;
  kind: 'work' | 'log';
  group: string | null;
  /** Entries in the stream. */
  length: number;
  /** Not given to any consumer yet; of a log 0, as of all below. */
  waiting: number;
  /** Given to a consumer and not acknowledged. */
  pending: number;
  /** Put aside for a later try. */
  delayed: number;
  dead_letters: number;
  consumers: number;
  /** Milliseconds since the oldest waiting entry was added; null without one. */
  oldest_waiting_ms: number | null;
  /** The same of the oldest pending entry. */
  oldest_pending_ms: number | null;
  /** Why it cannot be read, where that is so: all figures are 0 then. */
  error?: string;
}

/** A queue of the contracts, and how full it is; one with parameters stands for all its streams. */
export interface QueueSummary {
  /** Name as the contracts have it. */
  queue: string;
  kind: 'work' | 'log';
  model: string;
  group: string | null;
  summary: string;
  /** How many streams of that name there are. */
  streams: number;
  length: number;
  waiting: number;
  pending: number;
  delayed: number;
  dead_letters: number;
  /** Why one of its streams cannot be read: its figures are missing from the sums. */
  error?: string;
}

/** How many streams of one contract are looked at. */
const MOST_STREAMS = 500;

/** How full a queue is, or every one that there is. */
export async function readFigures(store: QueueStore, name: string | undefined): Promise<QueueFigures[]> {
  if (name !== undefined) {
    const { contract, stream } = findQueue(name);
    return [await figuresOf(store, contract, stream)];
  }
  const found = await Promise.all(queues.map((contract) => figuresOfAll(store, contract)));
  return found.flatMap(({ figures }) => figures);
}

/** Every queue of the contracts with what waits in it. */
export async function listQueues(store: QueueStore): Promise<QueueSummary[]> {
  return await Promise.all(
    queues.map(async (contract: QueueContract) => {
      const { figures, streams } = await figuresOfAll(store, contract);
      const sum = (pick: (one: QueueFigures) => number) => figures.reduce((total, one) => total + pick(one), 0);
      return {
        queue: contract.stream,
        kind: contract.kind,
        model: contract.model,
        group: contract.group ?? null,
        summary: contract.summary,
        streams,
        length: sum((one) => one.length),
        waiting: sum((one) => one.waiting),
        pending: sum((one) => one.pending),
        delayed: sum((one) => one.delayed),
        dead_letters: sum((one) => one.dead_letters),
        ...errorOf(figures),
      };
    }),
  );
}

async function figuresOfAll(
  store: QueueStore,
  contract: QueueContract,
): Promise<{ figures: QueueFigures[]; streams: number }> {
  if (!isTemplate(contract)) {
    return { figures: [await figuresOrError(store, contract, contract.stream)], streams: 1 };
  }
  const found = await onRedis(`looking for ${contract.stream}`, () => store.streamsLike(globOf(contract)));
  // A pattern's * goes over colons too.
  const streams = found.filter((name) => isOf(contract, name));
  const figures = await Promise.all(
    streams.slice(0, MOST_STREAMS).map((stream) => figuresOrError(store, contract, stream)),
  );
  return { figures, streams: streams.length };
}

function isOf(contract: QueueContract, stream: string): boolean {
  try {
    return findQueue(stream).contract === contract;
  } catch {
    return false;
  }
}

function errorOf(figures: readonly QueueFigures[]): { error?: string } {
  const error = figures.find((one) => one.error !== undefined)?.error;
  return error === undefined ? {} : { error };
}

/** One stream that cannot be read must not hide the others; with Redis away there is nothing to show. */
async function figuresOrError(store: QueueStore, contract: QueueContract, stream: string): Promise<QueueFigures> {
  try {
    return await figuresOf(store, contract, stream);
  } catch (error) {
    if (isOrchestratorError(error) || !(error instanceof Error)) throw error;
    const about = { stream, kind: contract.kind, group: contract.group ?? null, length: 0 };
    return { ...about, ...nothing, error: `${stream}: ${error.message}` };
  }
}

const nothing = {
  ...{ waiting: 0, pending: 0, delayed: 0, dead_letters: 0, consumers: 0 },
  ...{ oldest_waiting_ms: null, oldest_pending_ms: null },
};

async function figuresOf(store: QueueStore, contract: QueueContract, stream: string): Promise<QueueFigures> {
  const stats = await onRedis(`reading ${stream}`, () => store.stats(stream, contract.group));
  const { length, consumers } = stats;
  const about = { stream, kind: contract.kind, group: contract.group ?? null, length };
  if (contract.kind === 'log') {
    return { ...about, ...nothing };
  }
  return {
    ...about,
    waiting: stats.waiting,
    pending: stats.pending,
    delayed: stats.delayed,
    dead_letters: stats.deadLetters,
    consumers,
    oldest_waiting_ms: stats.oldestWaitingMs,
    oldest_pending_ms: stats.oldestPendingMs,
  };
}
