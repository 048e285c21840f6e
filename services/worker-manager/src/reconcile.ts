import type { TurnFailureReason } from '@codegen/contracts';
import { answerInputs, deliverOutbox, removeInputs } from './answer-inputs.js';
import type { GoneWorker } from './gone-workers.js';
import { forgetWorker, type Manager, silentWorker } from './manager.js';
import { isLiving } from './slots.js';
import { answerCreate } from './start-worker.js';
import type { WorkerRecord } from './worker-records.js';

/** Milliseconds until a wrapper must have said that it is there. */
const SPAWN_MS = 60_000;

/**
 * Ends whatever workers of an earlier manager are left, but those that go on without one: there must never be two living
 * agents for one task. What they were asked is answered by the first `reconcile`.
 */
export async function endLeftovers(manager: Manager): Promise<void> {
  const { records, runtime } = manager;
  const failure = { reason: 'worker_lost', error: 'the worker ended with the manager that had started it' } as const;
  const ending = records.all().map(async (record) => {
    if (!isLiving(record.state)) return;
    const goesOn = runtime.outlivesManager && record.handle && (await runtime.isAlive(record.handle));
    if (!goesOn) await lose(record, failure, manager);
  });
  await Promise.all([...ending, ...[...records.unusable.keys()].map((workerId) => runtime.end(workerId))]);
}

/** Gives up workers whose record cannot be used; what they were asked is answered as for others that are gone. */
async function forgetUnusable(manager: Manager): Promise<void> {
  const { records, gone, locks, logger } = manager;
  for (const [worker_id, error] of records.unusable) {
    await locks.run(worker_id, async () => {
      const failure = { reason: 'worker_lost', error: `the worker was lost: ${error}` } as const;
      await gone.add({ worker_id, worker_type: null, context: {}, ...failure, gone_at: Date.now() });
      await forgetWorker(worker_id, manager);
      logger.warn({ worker_id, error }, 'worker given up');
    });
  }
}

/**
 * Brings what is recorded and what is there together, one look at a time: workers that have died, late inputs for those
 * that are gone, waiting ones for which there is room.
 */
export async function reconcile(manager: Manager): Promise<void> {
  const { records, locks, gone, ownership } = manager;
  const turns = ownership.turns();
  // Without a worker nobody awaits it.
  turns.catch(() => undefined);
  const looks = records.all().map(({ worker_id }) =>
    locks
      .run(worker_id, async () => look(worker_id, (await turns).has(worker_id), manager))
      .catch((error: unknown) => {
        throw new Error(`${worker_id}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }),
  );
  const results = await Promise.allSettled([...looks, forgetUnusable(manager)]);
  const due = await gone.due().catch((error: unknown) => {
    results.push({ status: 'rejected', reason: error });
    return [];
  });
  const answers = due.map((one) =>
    answerLate(one, manager).catch((error: unknown) => {
      throw new Error(`${one.worker_id}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }),
  );
  results.push(...(await Promise.allSettled(answers)));
  manager.fillSlots();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Answers what came for a worker after it was gone. */
async function answerLate(
  { worker_id, worker_type, context, reason, error, system_fault }: GoneWorker,
  { redis }: Manager,
): Promise<void> {
  for (const type of worker_type ? [worker_type] : (['developer', 'po'] as const)) {
    const worker = { worker_id, worker_type: type, context };
    if ((await answerInputs(redis, worker, { reason, error, system_fault })) > 0) await removeInputs(redis, worker);
  }
}

async function look(workerId: string, hasSpoken: boolean, manager: Manager): Promise<void> {
  const { records, runtime, redis } = manager;
  let record = records.get(workerId);
  if (!record || record.state === 'queued') return;
  if (record.state === 'starting' && hasSpoken) {
    record = { ...record, state: 'running' };
    await records.put(record);
  }
  if (record.state !== 'lost') {
    const alive = record.handle !== undefined && (await runtime.isAlive(record.handle));
    // With Redis away, a worker cannot say that it is there.
    const from = Math.max(record.started_at ?? 0, manager.steadySince() ?? Number.POSITIVE_INFINITY);
    const late = record.state === 'starting' && Date.now() - from > SPAWN_MS;
    if (alive && !late) {
      await runtime.tidy(workerId);
      return answerCreate(record, manager);
    }
    const failure = alive
      ? ({ reason: 'spawn_failed', error: `the worker said nothing for ${SPAWN_MS / 1000} seconds` } as const)
      : ({ reason: 'worker_lost', error: 'the worker died without a word' } as const);
    record = await lose(record, failure, manager);
  }
  const worker = silentWorker(record);
  await deliverOutbox(redis, worker, manager);
  await answerInputs(redis, worker, record.failure ?? { reason: 'worker_lost', error: 'the worker was lost' });
  await answerCreate(record, manager);
}

/** Ends what is left of a worker, and only then calls it lost: from then on its turns may be given to another one. */
async function lose(
  record: WorkerRecord,
  failure: { reason: TurnFailureReason; error: string },
  { runtime, records, logger }: Manager,
): Promise<WorkerRecord> {
  await runtime.end(record.worker_id, record.handle);
  const lost: WorkerRecord = { ...record, state: 'lost', failure };
  await records.put(lost);
  logger.warn({ worker_id: record.worker_id, task_id: record.context.task_id, ...failure }, 'worker lost');
  return lost;
}
