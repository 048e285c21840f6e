import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '@codegen/sdk/api';
import type { RunningService } from '@codegen/sdk/consumer';
import { isRefusal } from '@codegen/sdk/errors';
import {
  backoffMs,
  closeRedis,
  connectRedis,
  type Logger,
  LossWatch,
  sayFailed,
  silentLogger,
  whatIsAway,
} from '@codegen/sdk/queue';
import { sayBack } from '@codegen/sdk/service';
import { BATCH_SIZE, createRelay } from './jobs/relay.js';
import { republishLost } from './jobs/republish-lost.js';

export interface SchedulerConfig {
  readonly redisUrl: string;
  readonly api: { readonly url: string; readonly token: string };
  /** Milliseconds between two rounds of the relay; 500 by default. */
  readonly intervalMs?: number | undefined;
  readonly logger?: Logger | undefined;
}

const LONGEST_BACKOFF_MS = 8000;

export interface RunningScheduler extends RunningService {
  /** Rejects when the API does not let it in. */
  readonly done: Promise<void>;
}

/** Starts the periodic jobs. They go on through outages of the API and of Redis. */
export async function startScheduler(config: SchedulerConfig): Promise<RunningScheduler> {
  const logger = config.logger ?? silentLogger;
  const redis = connectRedis(config.redisUrl, { name: 'scheduler', logger });
  // The rounds are the retry: one try each.
  const api = createApi({ apiUrl: config.api.url, token: config.api.token, retry: { attempts: 1 }, timeoutMs: 10_000 });
  const stopping = new AbortController();
  const { signal } = stopping;
  const relay = createRelay({ api, redis, logger });
  const losses = new LossWatch(redis, 'scheduler');
  const round = async () => {
    const outcome = await relay.round(signal);
    await losses.check(() => republishLost({ api, redis, logger }, signal));
    return outcome;
  };
  const done = runRounds(round, config.intervalMs ?? 500, logger, signal);
  done.catch(() => undefined);
  return {
    done,
    async stop() {
      stopping.abort();
      await done.catch(() => undefined);
      await closeRedis(redis);
    },
  };
}

/** Round after round until stopped: at once after a full one, after the interval otherwise, slower while the API is away. Rejects where it is not let in. */
async function runRounds(
  round: () => Promise<{ published: number }>,
  intervalMs: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let pauseMs = intervalMs;
    try {
      const { published } = await round();
      if (failures > 0) sayBack(logger, 'the API');
      failures = 0;
      if (published === BATCH_SIZE) pauseMs = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(error)) throw error;
      failures += 1;
      pauseMs = backoffMs(failures, { firstMs: intervalMs, longestMs: LONGEST_BACKOFF_MS });
      // One line for what goes on failing, not one a round.
      const doing = 'the relay cannot go on yet, trying again';
      if (failures === 1 || whatIsAway(error)) sayFailed(logger, error, doing);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
