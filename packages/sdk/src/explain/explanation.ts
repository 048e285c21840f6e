import type { Task, TaskStatus } from '@codegen/contracts';
import type { NextStep } from '../errors.js';

/** Where an entry of a timeline was found. */
export type ExplainSource = 'api' | 'event' | 'stream' | 'worker' | 'git';

/** One thing that happened to a task or is in progress, and its cause. */
export interface ExplainEntry {
  /** Unique within its timeline. */
  id: string;
  /** By the clock of the database, for streams of Redis; null if the time was not stored. */
  at: string | null;
  /** Of an event: its place in the task's history. */
  seq?: number;
  source: ExplainSource;
  kind:
    | 'created'
    | 'message'
    | 'queue'
    | 'claim'
    | 'attempt'
    | 'step'
    | 'progress'
    | 'worker'
    | 'commit'
    | 'main'
    | 'deployment'
    | 'result'
    | 'cancel'
    | 'end';
  /** Id of the entry that caused this one; it comes before it. Missing for the first entry. */
  cause?: string;
  /** Milliseconds since the cause, if both times are known. */
  after_ms?: number;
  failed?: true;
  summary: string;
  details: Record<string, unknown>;
}

/** State of a task, why, and what to do. Only tasks that have not ended can be `waiting` or `stuck`. */
export interface Verdict {
  state: TaskStatus | 'waiting' | 'stuck';
  why: string;
  next: NextStep;
}

/** The whole history of a task, causes before effects. */
export interface Explanation {
  task: Omit<Task, 'spec'>;
  /** Other tasks of the same call, newest first; filled only for a lookup by correlation id. */
  related: Pick<Task, 'id' | 'type' | 'status'>[];
  entries: ExplainEntry[];
  /** What was read of each source, or why it was not. */
  sources: Record<ExplainSource, string>;
  /** Those that could not be read. */
  unread: ExplainSource[];
  verdict: Verdict;
}
