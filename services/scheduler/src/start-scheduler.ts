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
import { createRelay } from './jobs/relay.js';
import { republishLost } from './jobs/republish-lost.js';

export interface SchedulerConfig {
  readonly redisUrl: string;
  readonly api: { readonly url: string; readonly token: string };
  /** Milliseconds from one round to the next where none published anything; 500 by default. */
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
  const { intervalMs = 500 } = config;
  const republish = async () => {
    await losses.check(() => republishLost({ api, redis, logger }, signal));
    return {};
  };
  const done = Promise.all([
    runRounds(() => relay.round(signal), intervalMs, logger, signal),
    runRounds(republish, intervalMs, logger, signal),
  ]).then(() => undefined);
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

/** Round after round until stopped, an interval apart: at once after one that published something, slower while the API is away. Rejects where it is not let in. */
async function runRounds(
  round: () => Promise<{ published?: number }>,
  intervalMs: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    let pauseMs: number;
    try {
      const { published = 0 } = await round();
      if (failures > 0) sayBack(logger, 'the API');
      failures = 0;
      // The API has waited where its outbox was empty.
      pauseMs = published > 0 ? 0 : Math.max(0, intervalMs - (performance.now() - startedMs));
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
