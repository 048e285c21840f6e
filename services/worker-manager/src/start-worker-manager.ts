import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerCommands, workerIdFor, workerLifecycle } from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { type RunningService, runConsumer } from '@codegen/sdk/consumer';
import { lockFolder } from '@codegen/sdk/processes';
import { closeRedis, connectRedis, sayFailed, silentLogger } from '@codegen/sdk/queue';
import { respond } from './answer-commands.js';
import { inheritedEnvironment, installedWrapper, ownVariable, type WorkerManagerConfig } from './config.js';
import { drain } from './drain.js';
import { GoneWorkers } from './gone-workers.js';
import { handleCommand } from './handle-command.js';
import { handleLifecycle } from './handle-lifecycle.js';
import type { Manager } from './manager.js';
import { becomeOnlyManager } from './only-manager.js';
import { endLeftovers, reconcile } from './reconcile.js';
import { processRuntime } from './runtimes/process.js';
import { Slots } from './slots.js';
import { refuse, startWaiting } from './start-worker.js';
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
 * Stopping it waits for what has begun, where the configuration says how long, and ends every worker; turns that were under way
 * are answered as lost by the next start.
 * @throws where another one works in this folder, or serves this Redis
 */
export async function startWorkerManager(config: WorkerManagerConfig): Promise<RunningWorkerManager> {
  const { redisUrl, logger = silentLogger, reconcileMs = 1000 } = config;
  const consumer = config.instance ?? `worker-manager-${process.pid}-${randomUUID().slice(0, 8)}`;
  await mkdir(config.workersDir, { recursive: true });
  const unlock = await lockFolder(config.workersDir, 'workers', 'worker-manager');
  const runtime = processRuntime({
    redisUrl,
    wrapperCommand: config.wrapperCommand ?? installedWrapper(),
    environment: inheritedEnvironment(),
    terminateGraceMs: config.terminateGraceMs ?? 10_000,
  });
  logger.warn({}, 'workers run as processes of this account: only for agents that you trust');
  const redis = connectRedis(redisUrl, { name: consumer, logger });
  let steadySince: number | undefined;
  redis.on('ready', () => {
    steadySince = Date.now();
  });
  redis.on('close', () => {
    steadySince = undefined;
  });
  const leave = async () => {
    await closeRedis(redis);
    await unlock();
  };
  const api = config.api && createApi({ apiUrl: config.api.url, token: config.api.token });
  const stopping = new AbortController();
  let look = new AbortController();
  let refused: (error: unknown) => void = () => undefined;
  const letIn = new Promise<never>((_, reject) => {
    refused = reject;
  });
  letIn.catch(() => undefined);
  const records = await WorkerRecords.open(config.workersDir).catch(async (error) => {
    await leave();
    throw error;
  });
  const manager: Manager = {
    redis,
    runtime,
    records,
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
    busy: new Map(),
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
  // Nobody else is at work in this folder: what is left there ends at once, also while Redis is away.
  await endLeftovers(manager);
  const { workersDir } = config;
  const only = await becomeOnlyManager({ redis, workersDir, instance: consumer, logger }).catch(async (error) => {
    await leave();
    throw error;
  });

  const commands = runConsumer({
    redisUrl,
    contract: workerCommands,
    consumer,
    service: 'worker-manager',
    concurrency: CONCURRENCY,
    logger,
    handler: (command, { entryId }) => handleCommand(command, manager, entryId),
    onDeadLetter: async (command, { requestId, error }) => {
      if (command?.command === 'create' && isWorkerId(workerIdFor(command.request_id))) {
        const worker_id = workerIdFor(command.request_id);
        const failure = { reason: 'spawn_failed', error } as const;
        await manager.locks.run(worker_id, () => refuse({ ...command, worker_id }, failure, manager));
      } else if (requestId !== undefined) {
        await respond(redis, { request_id: requestId, success: false, error });
      }
    },
  });
  const lifecycle = runConsumer({
    redisUrl,
    contract: workerLifecycle,
    consumer,
    service: 'worker-manager',
    logger,
    handler: (event) => handleLifecycle(event, manager),
  });

  const looking = (async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await reconcile(manager);
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
  const done = Promise.race([letIn, only.replaced, Promise.all([commands.done, lifecycle.done]).then(() => undefined)]);
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
      if (config.drainMs) await drain(manager, config.drainMs, ended.signal, config.drainQuietMs);
      stopping.abort();
      await Promise.all([commands.stop(), looking, slots.close()]);
      const living = manager.records.all().filter(({ state }) => state === 'starting' || state === 'running');
      await Promise.all(living.map(({ worker_id, handle }) => runtime.end(worker_id, handle)));
      await lifecycle.stop();
      await only.stop();
      await leave();
    },
  };
}
