import { deployQueue, engineeringQueue } from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { type RunningService, runConsumer } from '@codegen/sdk/consumer';
import { closeRedis, connectRedis, type Logger, silentLogger } from '@codegen/sdk/queue';
import { FencedSaver } from './engine/checkpoints.js';
import { databaseClock } from './engine/database/clock.js';
import { migrate } from './engine/database/migrate.js';
import { type DatabaseConfig, openPool } from './engine/database/pool.js';
import { Driver } from './engine/driver.js';
import { holdRole } from './engine/hold-role.js';
import { consumeResults, followResponses, HANDLER_GRACE_MS } from './engine/results.js';
import { sweep } from './engine/sweep.js';
import { type ThreadInput, Threads } from './engine/threads.js';
import { turnTracingOff } from './engine/tracing.js';
import { RESEND_AFTER_MS, Waits } from './engine/waits.js';
import { recordEvents } from './event-recorder.js';
import { flowAnswers } from './flows/answers.js';
import { flowConditions } from './flows/conditions.js';
import { deployGraph } from './flows/deploy/graph.js';
import { deleteStray, makeEndings } from './flows/endings.js';
import { engineeringGraph } from './flows/engineering/graph.js';
import type { FlowDeps, FlowSettings } from './flows/flow.js';
import { handleTask } from './handle-task.js';

export interface LanggraphConfig {
  redisUrl: string;
  api: { url: string; token: string };
  database: DatabaseConfig;
  /** Unique per process. */
  instance: string;
  /** Milliseconds until a thread whose driver is silent is taken over; 15,000 by default. */
  leaseMs?: number;
  /** Milliseconds between rounds of the sweep; 1000 by default. */
  sweepMs?: number;
  /** Milliseconds between looks at all running tasks for ends that no message told of; 30,000 by default. */
  endsEveryMs?: number;
  /** Milliseconds until an unanswered message is looked after; 30,000 by default. */
  resendAfterMs?: number;
  /** Milliseconds after a task's end until its event, if still missing after a loss in Redis, is told again; 10,000 by default. */
  endLostAfterMs?: number;
  /** Milliseconds that a deployed URL gets to answer; 15,000 by default. */
  verifyMs?: number;
  developer: FlowSettings['developer'];
  tester: FlowSettings['tester'];
  /** Milliseconds that requests may stay unanswered: 6 h until a worker starts, 10 min, 20 min for a deploy, 7 days for secrets by default. */
  limits?: Partial<FlowSettings['limits']>;
  logger?: Logger;
}

export interface RunningLanggraph extends RunningService {
  /** Rejects with what it cannot go on for, such as a key that the API refuses. */
  readonly done: Promise<void>;
}

const DRIVES_AT_A_TIME = 16;
const STOP_GRACE_MS = 5000;

/** Starts the service: brings its schema up to date, then consumes tasks, results and events until stopped. */
export async function startLanggraph(config: LanggraphConfig): Promise<RunningLanggraph> {
  turnTracingOff();
  const logger = config.logger ?? silentLogger;
  const { redisUrl, instance, leaseMs = 15_000 } = config;
  const api = createApi({ apiUrl: config.api.url, token: config.api.token, timeoutMs: 10_000, retry: { attempts: 3 } });
  const { pool, close } = openPool(config.database, logger);
  const redis = connectRedis(redisUrl, { name: instance, logger });
  const threads = new Threads(pool);
  try {
    await migrate(pool);
    await threads.freeOf(instance);
  } catch (error) {
    await Promise.allSettled([closeRedis(redis), close()]);
    throw error;
  }
  const waits = new Waits(pool);
  const settings: FlowSettings = {
    developer: config.developer,
    tester: config.tester,
    limits: {
      ...{
        workerMs: 6 * 3_600_000,
        repositoryMs: 600_000,
        deployMs: 1_200_000,
        secretsMs: 7 * 86_400_000,
        systemMs: 86_400_000,
      },
      ...config.limits,
    },
    verifyMs: config.verifyMs ?? 15_000,
  };
  const deps: FlowDeps = {
    ...{ api, redis, waits, logger, settings },
    resendAfterMs: config.resendAfterMs ?? RESEND_AFTER_MS,
    nowMs: databaseClock(pool),
    driverOf: (threadId) => driver.driverOf(threadId),
  };
  const checkpointer = new FencedSaver(pool, deps.driverOf, (threadId, error) => driver.fail(threadId, error));
  const flows = {
    engineering: engineeringGraph(deps, checkpointer),
    deploy: deployGraph(deps, checkpointer),
  };
  let refused: (error: unknown) => void = () => undefined;
  const letIn = new Promise<never>((_, reject) => {
    refused = reject;
  });
  const driver: Driver = new Driver({
    threads,
    waits,
    flows: (kind) => flows[kind],
    endings: makeEndings(deps),
    instance,
    leaseMs,
    concurrency: DRIVES_AT_A_TIME,
    refused,
    logger,
  });

  const stopping = new AbortController();
  const taskDeps = { api, redis, threads, waits, driver, logger };
  const consumer = {
    redisUrl,
    consumer: instance,
    service: 'langgraph',
    leaseMs,
    deadlineMs: HANDLER_GRACE_MS,
    concurrency: 8,
    logger,
  };
  const results = {
    ...{ redisUrl, redis, waits, driver, instance, leaseMs, logger },
    results: [...new Set(Object.values(flowAnswers))].filter(({ kind }) => kind === 'work'),
    onStray: (input: ThreadInput, answer: object) => deleteStray(deps, input, answer),
  };
  const consumers = [
    runConsumer({ ...consumer, contract: engineeringQueue, handler: handleTask('engineering', taskDeps) }),
    runConsumer({ ...consumer, contract: deployQueue, handler: handleTask('deploy', taskDeps) }),
    ...consumeResults(results),
  ];
  const loops = [
    followResponses(results, stopping.signal),
    sweep(
      {
        ...{ api, redis, threads, waits, driver, logger },
        conditions: flowConditions(api),
        answers: flowAnswers,
        sweepMs: config.sweepMs ?? 1000,
        endsEveryMs: config.endsEveryMs ?? 30_000,
        endLostAfterMs: config.endLostAfterMs ?? 10_000,
        refused,
      },
      stopping.signal,
    ),
  ];
  const done = Promise.race([letIn, Promise.all(consumers.map((one) => one.done)).then(() => undefined)]);
  done.catch((error: unknown) => logger.error({ error: String(error) }, 'a consumer stopped: restart the service'));
  // One recorder at a time, so that events keep their order.
  const recorder = holdRole({
    pool,
    name: 'event-recorder',
    holder: instance,
    leaseMs: Math.min(leaseMs, 5000),
    start: () => {
      const recording = recordEvents({ redisUrl, api, instance, leaseMs: Math.min(leaseMs, 5000), logger });
      recording.done.catch(refused);
      return recording;
    },
    logger,
  });

  const stop = async () => {
    stopping.abort();
    await Promise.all([...consumers.map((one) => one.stop()), ...loops]);
    await driver.stop(STOP_GRACE_MS);
    await recorder.stop();
    await closeRedis(redis);
    await close();
  };
  let stopped: Promise<void> | undefined;
  return {
    done,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
