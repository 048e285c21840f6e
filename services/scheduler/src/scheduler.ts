import { LossWatch } from '@codegen/sdk/queue';
import type { ServiceParts } from '@codegen/sdk/service';
import { createRelay } from './jobs/relay.js';
import { republishLost } from './jobs/republish-lost.js';
import { runRounds } from './jobs/run-rounds.js';

export interface SchedulerConfig {
  /** Milliseconds from one round to the next where none published anything; 500 by default. */
  readonly intervalMs?: number | undefined;
}

/** The periodic jobs. They go on through outages of the API and of Redis. */
export const scheduler: ServiceParts<SchedulerConfig> = {
  name: 'scheduler',
  // The rounds are the retry: one try each.
  apiOptions: { retry: { attempts: 1 } },
  start: async (service, { intervalMs = 500 }) => {
    const { api, redis, logger } = service;
    const relay = createRelay({ api, redis, logger });
    const losses = new LossWatch(redis, 'scheduler');
    service.loop((signal) => runRounds(() => relay.round(signal), intervalMs, logger, signal));
    service.loop((signal) => {
      const republish = () => losses.check(() => republishLost({ api, redis, logger }, signal));
      return runRounds(async () => republish().then(() => ({})), intervalMs, logger, signal);
    });
  },
};
