import { setTimeout as sleep } from 'node:timers/promises';
import { workerAliveKey, workerCommands } from '@codegen/contracts';
import { publish, type Redis, sayFailed } from '@codegen/sdk/queue';
import { type Manager, silentWorker } from './manager.js';
import type { Owned } from './ownership.js';
import type { WorkerRecord } from './worker-records.js';

const LOOK_MS = 200;
/** Milliseconds in which a worker that was given up ends, or its sign of life does. */
const SILENCE_MS = 60_000;

/**
 * Takes over from managers that are gone. States of one: its lease has ended → for half a lease, look after look, it was
 * not renewed, though Redis was there → fenced: it cannot come back but by a new start → each of its workers is this
 * manager's (those that waited wait on; the others are lost, once nothing of them runs) → commands that were left to it are
 * back in their queue → forgotten.
 */
export class TakeOver {
  /** Managers whose lease has ended, and since when this one sees that. */
  readonly #suspects = new Map<string, { entry: string; sinceMs: number }>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(readonly manager: Manager) {}

  /** Looks once; what it finds goes on beside the next looks. */
  async look(): Promise<void> {
    const { ownership } = this.manager;
    const ended = await ownership.ended().catch((error: unknown) => {
      // With Redis away nobody can renew.
      this.#suspects.clear();
      throw error;
    });
    for (const name of this.#suspects.keys())
      if (!ended.some(({ manager }) => manager === name)) this.#suspects.delete(name);
    for (const { manager: name, entry, isFenced } of ended) {
      const known = this.#suspects.get(name);
      const suspect = known?.entry === entry ? known : { entry, sinceMs: performance.now() };
      this.#suspects.set(name, suspect);
      if (!isFenced) {
        if (performance.now() - suspect.sinceMs < ownership.leaseMs / 2) continue;
        if (!(await ownership.fenceOff(name, entry))) continue;
        this.manager.logger.warn({ manager: name }, 'a worker-manager is gone: its workers are taken over');
      }
      this.#begin(name, () => this.#from(name));
    }
  }

  /** Takes back what is told of as this manager's and is not recorded here, and removes what is nobody's. */
  ownLeftovers(): void {
    const { name } = this.manager.ownership;
    this.#begin(name, async () => {
      await this.#workersOf(name);
      await this.#removeUnknown();
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #begin(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return;
    const { logger } = this.manager;
    const running = work()
      .catch((error: unknown) => sayFailed(logger, error, 'workers are not taken over yet', { manager: name }))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, running);
  }

  async #from(name: string): Promise<void> {
    const { ownership, redis } = this.manager;
    await this.#workersOf(name);
    for (const command of await ownership.leftTo(name)) {
      await publish(redis, workerCommands, command);
      await ownership.removeLeft(name, command.request_id);
    }
    await ownership.forget(name);
  }

  /** Ends workers of which no record tells: a manager was killed as it made or removed them. */
  async #removeUnknown(): Promise<void> {
    const { runtime, records, ownership, locks } = this.manager;
    const isKnown = (workerId: string) => records.get(workerId) !== undefined || records.unusable.has(workerId);
    for (const workerId of await runtime.list()) {
      if (isKnown(workerId) || (await ownership.find(workerId))) continue;
      await locks.run(workerId, async () => {
        if (isKnown(workerId)) return;
        await runtime.end(workerId);
        await runtime.remove(workerId);
      });
    }
  }

  async #workersOf(name: string): Promise<void> {
    const { ownership, fillSlots } = this.manager;
    const owned = (await ownership.all()).filter(({ manager }) => manager === name);
    await Promise.all(owned.map((one) => adopt(one, this.manager)));
    fillSlots();
  }
}

/** Makes a worker of another manager this one's: as it is where it waits or can go on, else as one that is lost. */
function adopt({ manager: from, record }: Owned, manager: Manager): Promise<void> {
  const { locks, records, ownership, runtime, gone, redis, logger } = manager;
  const { worker_id, handle } = record;
  return locks.run(worker_id, async () => {
    if (records.get(worker_id)) return;
    if (from === ownership.name && (await gone.find(worker_id))) {
      // Redis came back older than it was: this manager had deleted it.
      await runtime.end(worker_id, handle);
      await untilSilent(redis, worker_id);
      return ownership.release(worker_id);
    }
    const take = async (taken: WorkerRecord) => {
      await records.put(taken);
      const isTaken =
        from === ownership.name ? (await ownership.claim(taken)) === 'own' : await ownership.adopt(from, taken);
      if (!isTaken) await records.remove(worker_id);
      return isTaken;
    };
    const goesOn = runtime.outlivesManager && handle !== undefined && (await runtime.isAlive(handle));
    if (record.state === 'queued' || record.state === 'lost' || goesOn) return void (await take(record));
    const failure = { reason: 'worker_lost', error: `the worker-manager ${from}, which had it, is gone` } as const;
    // The worker itself may be out of reach; this has it end.
    await gone.add({ ...silentWorker(record), ...failure, gone_at: Date.now() });
    await runtime.end(worker_id, handle);
    await untilSilent(redis, worker_id);
    if (await take({ ...record, state: 'lost', failure }))
      logger.warn({ worker_id, task_id: record.context.task_id, ...failure }, 'worker lost');
  });
}

/**
 * Waits until nothing of a worker that was given up runs, as far as it reaches Redis. One that does not can answer nothing:
 * its turns are answered for it, and what it pushes carries an old epoch.
 */
export async function untilSilent(redis: Redis, workerId: string): Promise<void> {
  const from = performance.now();
  while ((await redis.exists(workerAliveKey(workerId))) === 1) {
    if (performance.now() - from > SILENCE_MS) throw new Error(`the worker ${workerId} was given up and does not end`);
    await sleep(LOOK_MS);
  }
}
