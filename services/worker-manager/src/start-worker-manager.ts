import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerCommands, workerIdFor, workerLifecycle } from '@codegen/contracts';
import { type RunningService, runConsumer } from '@codegen/sdk/consumer';
import { lockFolder } from '@codegen/sdk/processes';
import { type Logger, sayFailed } from '@codegen/sdk/queue';
import type { ServiceKit } from '@codegen/sdk/service';
import { respond } from './answer-commands.js';
import { inheritedEnvironment, installedWrapper, ownVariable, type WorkerManagerConfig } from './config.js';
import { drain } from './drain.js';
import { GoneWorkers } from './gone-workers.js';
import { handleCommand } from './handle-command.js';
import { handleLifecycle } from './handle-lifecycle.js';
import { dropWorker, type Manager } from './manager.js';
import { nameOf, Ownership, placeOf } from './ownership.js';
import { endLeftovers, reconcile } from './reconcile.js';
import { processRuntime } from './runtimes/process.js';
import { isLiving, Slots } from './slots.js';
import { refuse, startWaiting } from './start-worker.js';
import { TakeOver } from './take-over.js';
import { WorkerLocks } from './worker-locks.js';
import { isWorkerId, WorkerRecords } from './worker-records.js';

/** Commands at a time: none of them waits long, since workers without a slot wait on disk. */
const CONCURRENCY = 16;

export interface RunningWorkerManager extends RunningService {
  /** Rejects with what it cannot go on for, such as a key that the API refuses. */
  readonly done: Promise<void>;
}

/**
 * Starts worker-manager: first ends what an earlier one left, then serves commands and looks after the workers.
 * Stopping it waits for what has begun, where the configuration says how long, and ends every worker that its runtime does
 * not keep; turns that were under way are answered as lost by the next start, or by another manager.
 * @throws where another one works in this folder, or has its name
 */
export async function startWorkerManager(
  service: ServiceKit,
  config: WorkerManagerConfig,
): Promise<RunningWorkerManager> {
  const { redis, logger } = service;
  const { workersDir, reconcileMs = 1000 } = config;
  await mkdir(workersDir, { recursive: true });
  const consumer = config.name ?? (await nameOf(workersDir));
  const unlock = await lockFolder(workersDir, 'workers', 'worker-manager');
  const runtime = config.runtime ?? localRuntime(config, logger);
  let steadySince = redis.status === 'ready' ? Date.now() : undefined;
  redis.on('ready', () => {
    steadySince = Date.now();
  });
  redis.on('close', () => {
    steadySince = undefined;
  });
  const api = config.api && service.api;
  const stopping = new AbortController();
  let look = new AbortController();
  let refused: (error: unknown) => void = () => undefined;
  const letIn = new Promise<never>((_, reject) => {
    refused = reject;
  });
  letIn.catch(() => undefined);
  const records = await WorkerRecords.open(workersDir).catch(async (error) => {
    await unlock();
    throw error;
  });
  const ownership = new Ownership({
    redis,
    name: consumer,
    token: randomUUID(),
    place: await placeOf(workersDir),
    leaseMs: config.leaseMs,
    logger,
    records: () => records.all(),
    onCommand: (command) => handleCommand(command, manager),
    onNotOwn: (workerId) => void notOwn(workerId),
  });
  const manager: Manager = {
    redis,
    runtime,
    records,
    ownership,
    gone: new GoneWorkers(redis),
    locks: new WorkerLocks(),
    agents: config.agents,
    reposDir: config.reposDir,
    projects: api?.projects,
    sources: {
      resolveSecret: api && ((reference) => api.secrets.resolve(reference)),
      task: api && ((id) => api.tasks.get(id)),
      variable: ownVariable,
      openVariables: new Set(config.openVariables),
    },
    logger,
    steadySince: () => steadySince,
    lookSoon: () => look.abort(),
    refused,
    fillSlots: () => slots.fill(),
  };
  const slots = new Slots({
    max: config.maxWorkers ?? 8,
    records: () => manager.records.all(),
    start: (workerId) => startWaiting(workerId, manager),
    logger,
  });
  const notOwn = (workerId: string) =>
    manager.locks
      .run(workerId, async () => {
        // It may have been taken over meanwhile.
        const record = manager.records.get(workerId);
        const claimed = record && (await ownership.claim(record));
        if (claimed && claimed !== 'own') await dropWorker(workerId, claimed, manager);
      })
      .catch((error: unknown) => sayFailed(logger, error, 'a worker cannot be dropped yet', { worker_id: workerId }));
  const takeOver = new TakeOver(manager);
  const endLiving = () =>
    runtime.outlivesManager
      ? []
      : manager.records.all().map(({ worker_id, handle, state }) => isLiving(state) && runtime.end(worker_id, handle));
  try {
    // Nobody else is at work in this folder: what is left there ends at once, also while Redis is away.
    await endLeftovers(manager);
    await ownership.join();
  } catch (error) {
    await unlock();
    throw error;
  }
  takeOver.ownLeftovers();
  // What Redis knows may be older now.
  redis.on('ready', () => {
    ownership.doubt();
    takeOver.ownLeftovers();
  });

  const commands = runConsumer({
    ...service.consumer,
    contract: workerCommands,
    consumer,
    concurrency: CONCURRENCY,
    handler: (command, { entryId }) => handleCommand(command, manager, entryId),
    onDeadLetter: async (command, { requestId, error }) => {
      const worker_id = command?.command === 'create' ? workerIdFor(command.request_id) : '';
      const owner = isWorkerId(worker_id) && ((await ownership.lookUp(worker_id))?.manager ?? consumer);
      if (command?.command === 'create' && owner === consumer) {
        const failure = { reason: 'spawn_failed', error } as const;
        await manager.locks.run(worker_id, () => refuse({ ...command, worker_id }, failure, manager));
      } else if (requestId !== undefined) {
        await respond(redis, { request_id: requestId, success: false, error });
      }
    },
  });
  const lifecycle = runConsumer({
    ...service.consumer,
    contract: workerLifecycle,
    consumer,
    handler: (event) => handleLifecycle(event, manager),
  });
  service.observe(commands);
  service.observe(lifecycle);

  const looking = (async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        const looks = await Promise.allSettled([reconcile(manager), takeOver.look()]);
        for (const one of looks) if (one.status === 'rejected') throw one.reason;
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) sayFailed(logger, error, 'the workers cannot be looked after, still trying');
      }
      await sleep(reconcileMs, undefined, { signal: AbortSignal.any([look.signal, stopping.signal]) }).catch(
        () => undefined,
      );
      if (look.signal.aborted) look = new AbortController();
    }
  })();
  const fenced = ownership.fenced.catch(async (error: unknown) => {
    await slots.close();
    await Promise.all(endLiving());
    throw error;
  });
  const done = Promise.race([letIn, fenced, Promise.all([commands.done, lifecycle.done]).then(() => undefined)]);
  const ended = new AbortController();
  done.catch((error: unknown) => {
    logger.error({ error: String(error) }, 'a consumer stopped: restart the service');
    ended.abort();
  });
  await Promise.all([commands.ready, lifecycle.ready]);
  return {
    done,
    stop: async () => {
      slots.onlyForBegun();
      if (config.drainMs && !runtime.outlivesManager)
        await drain(manager, config.drainMs, ended.signal, config.drainQuietMs);
      stopping.abort();
      await Promise.all([commands.stop(), looking, slots.close()]);
      await Promise.all(endLiving());
      await Promise.all([lifecycle.stop(), ownership.stop(), takeOver.stop()]);
      await unlock();
    },
  };
}

function localRuntime({ workersDir, redisUrl, wrapperCommand, terminateGraceMs }: WorkerManagerConfig, logger: Logger) {
  logger.warn({}, 'workers run as processes of this account: only for agents that you trust');
  return processRuntime({
    workersDir,
    redisUrl,
    wrapperCommand: wrapperCommand ?? installedWrapper(),
    environment: inheritedEnvironment(),
    terminateGraceMs: terminateGraceMs ?? 10_000,
  });
}
