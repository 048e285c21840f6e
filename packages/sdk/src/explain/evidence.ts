import type { Attempt, Service, ServiceDeployment, Task, TaskEvent } from '@codegen/contracts';

/** A message of a task that still lies in Redis. */
export interface QueuedMessage {
  /** The queue that it is, or was, in. */
  stream: string;
  entryId: string;
  /** Of the message in it. */
  model: string;
  /** waiting: nobody has it; pending: `consumer` has it; delayed: put aside for a later try; dead: given up. */
  state: 'waiting' | 'pending' | 'delayed' | 'dead';
  requestId: string | undefined;
  /** Milliseconds since it was added or given up, by the clock of Redis. */
  ageMs: number;
  consumer?: string;
  deliveries?: number;
  /** Milliseconds until it is tried again. */
  dueInMs?: number;
  /** Why it was given up. */
  error?: string;
  code?: string;
}

/** All that is known of a task, in any order. */
export interface Evidence {
  task: Task;
  events: readonly TaskEvent[];
  attempts: readonly Attempt[];
  deployments: readonly ServiceDeployment[];
  queued: readonly QueuedMessage[];
  /** The task of the same project and type that has to end first. */
  ahead?: Task | undefined;
  /** Processes of services; undefined where the caller may not see them. */
  services?: readonly Service[] | undefined;
}

/** When an event happened, by the one clock that all events share; its own timestamp is its producer's word. */
export function timeOf(event: TaskEvent): string {
  return event.recorded_at ?? event.timestamp;
}
