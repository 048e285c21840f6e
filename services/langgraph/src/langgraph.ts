import { deployQueue, engineeringQueue } from '@codegen/contracts';
import { runConsumer } from '@codegen/sdk/consumer';
import type { ServiceParts } from '@codegen/sdk/service';
import { flowSettings, type LanggraphConfig, sweepTimes } from './config.js';
import { FencedSaver } from './engine/checkpoints.js';
import { databaseClock } from './engine/database/clock.js';
import { migrate } from './engine/database/migrate.js';
import { openPool } from './engine/database/pool.js';
import { Driver } from './engine/driver.js';
import { consumeResults, followResponses, HANDLER_GRACE_MS } from './engine/results.js';
import { sweep } from './engine/sweep.js';
import { Threads } from './engine/threads.js';
import { RESEND_AFTER_MS, Waits } from './engine/waits.js';
import { recordEventsAlone } from './event-recorder.js';
import { flowAnswers } from './flows/answers.js';
import { deleteStray, makeEndings } from './flows/endings.js';
import type { FlowDeps } from './flows/flow.js';
import { flowGraphs } from './flows/graphs.js';
import { handleTask } from './handle-task.js';

const DRIVES_AT_A_TIME = 16;
const STOP_GRACE_MS = 5000;

/** Brings its schema up to date, then consumes tasks, results and events. */
export const langgraph: ServiceParts<LanggraphConfig> = {
  name: 'langgraph',
  apiOptions: { retry: { attempts: 3 } },
  start: async (service, config) => {
    const { api, redis, logger, instance, fail: refused } = service;
    const { leaseMs = 15_000, resendAfterMs = RESEND_AFTER_MS } = config;
    const pool = openPool(config.database, service);
    service.readyWhile('the database', () => pool.query('select 1'));
    const threads = new Threads(pool);
    const waits = new Waits(pool);
    await migrate(pool);
    await threads.freeOf(instance);
    const driverOf: FlowDeps['driverOf'] = (threadId) => driver.driverOf(threadId);
    const deps: FlowDeps = {
      ...{ api, redis, waits, logger, resendAfterMs, driverOf },
      ...{ settings: flowSettings(config), nowMs: databaseClock(pool) },
    };
    const saver = new FencedSaver(pool, driverOf, (threadId, error) => driver.fail(threadId, error));
    const driver: Driver = new Driver({
      ...{ threads, waits, instance, leaseMs, refused, logger, concurrency: DRIVES_AT_A_TIME },
      ...{ flows: flowGraphs(deps, saver), endings: makeEndings(deps) },
    });
    service.keep(recordEventsAlone(service, pool, Math.min(leaseMs, 5000)));
    service.onStop(() => driver.stop(STOP_GRACE_MS));
    const consumer = { ...service.consumer, leaseMs, deadlineMs: HANDLER_GRACE_MS };
    const taskDeps = { ...deps, threads, driver };
    for (const [kind, contract] of [['engineering', engineeringQueue] as const, ['deploy', deployQueue] as const]) {
      service.keep(runConsumer({ ...consumer, contract, concurrency: 8, handler: handleTask(kind, taskDeps) }));
    }
    const results = { redis, waits, driver, logger, consumer, answers: flowAnswers, onStray: deleteStray(deps) };
    for (const one of consumeResults(results)) service.keep(one);
    service.loop((signal) => followResponses(results, signal));
    const looking = { ...results, api, threads, refused, ...sweepTimes(config) };
    service.loop((signal) => sweep(looking, signal));
  },
};
