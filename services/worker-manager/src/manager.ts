import type { Logger, Redis } from '@codegen/sdk/queue';
import type { AgentCommand } from './agents-file.js';
import type { KnownProjects } from './find-repository.js';
import type { GoneWorkers } from './gone-workers.js';
import type { Ownership } from './ownership.js';
import type { ReferenceSources } from './resolve-environment.js';
import type { Runtime } from './runtimes/runtime.js';
import type { WorkerLocks } from './worker-locks.js';
import type { WorkerRecord, WorkerRecords } from './worker-records.js';

/** What the parts of the manager share. */
export interface Manager {
  readonly redis: Redis;
  readonly runtime: Runtime;
  readonly records: WorkerRecords;
  readonly ownership: Ownership;
  readonly gone: GoneWorkers;
  readonly locks: WorkerLocks;
  readonly agents: Readonly<Record<string, AgentCommand>>;
  readonly reposDir: string;
  /** Undefined where no API is configured. */
  readonly projects: KnownProjects | undefined;
  readonly sources: ReferenceSources;
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

/** Removes all that there is of a worker that has ended, its record last. */
export async function forgetWorker(workerId: string, { ownership, runtime, records }: Manager): Promise<void> {
  await ownership.release(workerId);
  await runtime.remove(workerId);
  await records.remove(workerId);
}

/** Drops a worker that is another manager's meanwhile, or was deleted by one. Called with its lock. */
export async function dropWorker(
  workerId: string,
  whose: 'other' | 'gone',
  { records, runtime, logger }: Manager,
): Promise<void> {
  const record = records.get(workerId);
  if (!record) return;
  // One that only waited here may run under its new owner on this machine, where processes are found by its id.
  const mayBeOthers = whose === 'other' && (record.state === 'queued' || runtime.outlivesManager);
  if (!mayBeOthers) {
    await runtime.end(workerId, record.handle);
    await runtime.remove(workerId);
  }
  await records.remove(workerId);
  logger.warn(
    { worker_id: workerId },
    'a worker that this manager had is another one’s, or was deleted: it is dropped',
  );
}
