import type { Logger, Redis } from '@codegen/sdk/queue';
import type { AgentCommand } from './agents-file.js';
import type { KnownProjects } from './find-repository.js';
import type { GoneWorkers } from './gone-workers.js';
import type { ReferenceSources } from './resolve-environment.js';
import type { Runtime } from './runtimes/runtime.js';
import type { WorkerLocks } from './worker-locks.js';
import type { WorkerRecord, WorkerRecords } from './worker-records.js';

/** What the parts of the manager share. */
export interface Manager {
  readonly redis: Redis;
  readonly runtime: Runtime;
  readonly records: WorkerRecords;
  readonly gone: GoneWorkers;
  readonly locks: WorkerLocks;
  readonly agents: Readonly<Record<string, AgentCommand>>;
  readonly reposDir: string;
  /** Undefined where no API is configured. */
  readonly projects: KnownProjects | undefined;
  readonly sources: ReferenceSources;
  /** The turn that each busy worker runs. */
  readonly busy: Map<string, string>;
  readonly logger: Logger;
  /** Since when Redis can be reached without a break, in milliseconds since the epoch; undefined while it is away. */
  steadySince(): number | undefined;
  /** Has the workers looked at soon: one may have died. */
  lookSoon(): void;
  /** Told that the API does not let this service in. */
  refused(error: unknown): void;
  /** Starts waiting workers as far as there are slots; does not wait for that. */
  fillSlots(): void;
}

/** A record as the answering functions want it. */
export function silentWorker({ worker_id, config, context }: WorkerRecord) {
  return { worker_id, worker_type: config.worker_type ?? 'developer', context } as const;
}
