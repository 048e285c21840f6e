import { compareEntryIds, type Logger, sayFailed } from '@codegen/sdk/queue';
import type { WorkerRecord } from './worker-records.js';

/**
 * Which waiting workers may start now, in the order of their commands. At most `max` that write and `max` that only
 * read live at a time: a developer keeps its slot until its work is tested, so its tester must not need one of those.
 */
export function nextToStart(
  records: readonly WorkerRecord[],
  max: number,
  reserved: ReadonlySet<string> = new Set(),
): WorkerRecord[] {
  const free = { developers: max, testers: max };
  for (const record of records) if (isLiving(record.state) || reserved.has(record.worker_id)) free[poolOf(record)] -= 1;
  const waiting = records.filter(({ state, worker_id }) => state === 'queued' && !reserved.has(worker_id));
  const inOrder = waiting.sort((a, b) => compareEntryIds(a.entry_id, b.entry_id));
  return inOrder.filter((record) => {
    free[poolOf(record)] -= 1;
    return free[poolOf(record)] >= 0;
  });
}

/** Starts waiting workers beside each other as slots become free. Nobody waits for a slot but the record on disk. */
export class Slots {
  readonly #reserved = new Set<string>();
  readonly #starting = new Set<Promise<void>>();
  #closed = false;
  #begunAlone = false;

  constructor(
    readonly options: {
      readonly max: number;
      readonly records: () => WorkerRecord[];
      /** Starts a worker; leaves it queued where that cannot be done for now. */
      readonly start: (workerId: string) => Promise<void>;
      readonly logger: Logger;
    },
  ) {}

  fill(): void {
    if (this.#closed) return;
    for (const { worker_id } of nextToStart(this.#eligible(), this.options.max, this.#reserved)) {
      this.#reserved.add(worker_id);
      const starting = this.#start(worker_id).finally(() => this.#starting.delete(starting));
      this.#starting.add(starting);
    }
  }

  /** From now on starts workers of tasks alone that have one already, such as a tester; the others wait on disk. */
  onlyForBegun(): void {
    this.#begunAlone = true;
  }

  #eligible(): WorkerRecord[] {
    const records = this.options.records();
    if (!this.#begunAlone) return records;
    const begun = new Set(records.filter(({ state }) => isLiving(state)).map(({ context }) => context.task_id));
    return records.filter(
      ({ state, context }) => state !== 'queued' || (context.task_id && begun.has(context.task_id)),
    );
  }

  /** Starts no more and resolves when what has begun is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#starting);
  }

  async #start(workerId: string): Promise<void> {
    const { start, records, logger } = this.options;
    await start(workerId).catch((error: unknown) =>
      sayFailed(logger, error, 'a worker cannot be started yet', { worker_id: workerId }),
    );
    this.#reserved.delete(workerId);
    // One that was refused has left its slot; one that waits on is tried again with the next look.
    const state = records().find(({ worker_id }) => worker_id === workerId)?.state;
    if (state === undefined) this.fill();
  }
}

function poolOf({ config }: WorkerRecord): 'developers' | 'testers' {
  return config.repo?.read_only ? 'testers' : 'developers';
}

/** Whether a worker has a slot. */
export function isLiving(state: WorkerRecord['state']): boolean {
  return state === 'starting' || state === 'running';
}
