import type { Task, TaskStatus } from '@codegen/contracts';
import type { NextStep } from '../errors.js';

/** Where an entry of a timeline was found. */
export type ExplainSource = 'api' | 'event' | 'stream' | 'worker' | 'git';

/** One thing that happened to a task, or that is under way, with what caused it. */
export interface ExplainEntry {
  /** Names it within its timeline. */
  id: string;
  /** By the clock of the database, in streams by that of Redis; null where nobody noted it. */
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
  /** The id of the entry that brought this about, which stands before it; missing for the first one. */
  cause?: string;
  /** Milliseconds since the cause, where both times are known. */
  after_ms?: number;
  failed?: true;
  summary: string;
  details: Record<string, unknown>;
}

/** How a task stands, why, and what to do. `waiting` and `stuck` are of tasks that have not ended. */
export interface Verdict {
  state: TaskStatus | 'waiting' | 'stuck';
  why: string;
  next: NextStep;
}

/** A task's whole story, causes before effects. */
export interface Explanation {
  task: Omit<Task, 'spec'>;
  /** Other tasks that came of the same call, newest first; only where it was asked for by correlation id. */
  related: Pick<Task, 'id' | 'type' | 'status'>[];
  entries: ExplainEntry[];
  /** What was read of each source, or why it was not. */
  sources: Record<ExplainSource, string>;
  /** Those that could not be read. */
  unread: ExplainSource[];
  verdict: Verdict;
}
