import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineQueue, type EntryFields, engineeringMessage, type QueueContract } from '@codegen/contracts';
import type { StreamEntry } from '../../queue/entry.js';
import type { QueueStore } from '../../queue/store.js';

/** The implementation under test. */
export interface ConformanceSubject {
  readonly queue: QueueStore;
  /** Loses everything, as FLUSHALL does. */
  clear(): Promise<void>;
}

export interface ConformanceCase {
  /** A sentence: what is true of the implementation when the case passes. */
  readonly title: string;
  /** Whether it disturbs cases that run beside it. */
  readonly alone?: boolean;
  run(subject: ConformanceSubject): Promise<void>;
}

/** A work queue of engineering messages under a name that nobody else uses. */
export function freshQueue(more: Partial<QueueContract> = {}) {
  return defineQueue({
    stream: `conformance:${randomUUID()}`,
    kind: 'work',
    model: 'EngineeringMessage',
    message: engineeringMessage,
    group: 'workers',
    producers: ['test'],
    consumers: ['test'],
    summary: 'Messages of one case.',
    ...more,
    // The type of the message stays that of engineering.
  } as QueueContract<typeof engineeringMessage>);
}

/** A message of `freshQueue`. */
export function messageOf(taskId: string) {
  return { task_id: taskId, project_id: 'proj_1', user_id: 7_123_456_789 };
}

/** Who reads in cases that need no consumer runtime. */
export function readerOf(stream: string, consumer: string) {
  return { stream, group: 'workers', consumer };
}

/** Takes in what is new, waiting at most `blockMs`. */
export async function take(
  queue: QueueStore,
  stream: string,
  consumer: string,
  { count = 10, blockMs = 1000 }: { count?: number; blockMs?: number } = {},
): Promise<StreamEntry[]> {
  const reader = queue.openReader();
  try {
    return await reader.readNew([stream], { group: 'workers', consumer }, { count, blockMs });
  } finally {
    await reader.close();
  }
}

/** All entries of a stream, read as a log. */
export async function all(queue: QueueStore, stream: string): Promise<StreamEntry[]> {
  const reader = queue.openReader();
  try {
    return await reader.readAfter(new Map([[stream, '0-0']]), { count: 10_000, blockMs: 1 });
  } finally {
    await reader.close();
  }
}

/** The dead letters of a stream, parsed. */
export async function deadLettersOf(queue: QueueStore, stream: string) {
  return (await all(queue, `${stream}:dlq`)).map(({ fields }) => ({
    original: JSON.parse(fields.original_message ?? 'null') as EntryFields,
    context: JSON.parse(fields.error_context ?? 'null') as Record<string, unknown>,
  }));
}

/** Waits until something is so. Throws after ten seconds, naming what did not come. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as Exclude<NonNullable<T>, false>;
    if (performance.now() > deadline) throw new Error(`waited ten seconds for ${what}`);
    await sleep(10);
  }
}
