import type { Attempt, Service, ServiceDeployment, Task, TaskEvent } from '@codegen/contracts';

/** A message of a task that is still in Redis. */
export interface QueuedMessage {
  /** Its queue; of a dead letter, its former queue. */
  stream: string;
  entryId: string;
  /** Model name of its contract. */
  model: string;
  /** waiting: not yet read; pending: in flight at `consumer`; delayed: waits for a retry; dead: a dead letter. */
  state: 'waiting' | 'pending' | 'delayed' | 'dead';
  requestId: string | undefined;
  /** Milliseconds since it was added or dead-lettered, by the clock of Redis. */
  ageMs: number;
  consumer?: string;
  deliveries?: number;
  /** Milliseconds until its retry. */
  dueInMs?: number;
  /** Why it was dead-lettered. */
  error?: string;
  code?: string;
}

/** Everything known about a task, in any order. */
export interface Evidence {
  task: Task;
  events: readonly TaskEvent[];
  attempts: readonly Attempt[];
  deployments: readonly ServiceDeployment[];
  queued: readonly QueuedMessage[];
  /** The task of the same project and type that must end first. */
  ahead?: Task | undefined;
  /** Processes of services; undefined if the caller may not list them. */
  services?: readonly Service[] | undefined;
}

/** When an event was stored, by the database's clock, which all events share; its own timestamp is of its producer's clock. */
export function timeOf(event: TaskEvent): string {
  return event.recorded_at ?? event.timestamp;
}
