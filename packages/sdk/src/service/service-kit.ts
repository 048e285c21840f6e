import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Api, ApiOptions } from '../api/index.js';
import { type Logger, silentLogger } from '../queue/logger.js';
import type { QueueStore } from '../queue/store.js';
import { textOf } from '../text/error-text.js';
import type { HealthAddress } from './health.js';
import type { ObservedConsumer } from './metrics.js';

/** What every service may be told beside its own settings. */
export interface ServiceSettings {
  /** Where the queues are. */
  readonly redisUrl?: string;
  /** Instead: queues that are open already and stay so, such as those in memory. */
  readonly queue?: QueueStore;
  readonly api?: Pick<ApiOptions, 'token' | 'fetch'> & { readonly url: string };
  /** Unique per process; one of its own by default. */
  readonly instance?: string | undefined;
  readonly logger?: Logger | undefined;
  /** Where `/healthz`, `/readyz` and `/metrics` are served; nowhere by default. */
  readonly health?: HealthAddress | undefined;
  /** Checks the key and the login to Redis, now and every 10 seconds, and tells the API that the service runs. */
  readonly announce?: boolean;
}

/** The settings of a service that has a Redis and the API, as the environment gives them. */
export interface ServiceReach {
  readonly redisUrl: string;
  readonly api: { readonly url: string; readonly token: string };
}

/** Something that runs until it is stopped, such as a consumer. */
interface RunningPart {
  stop(): Promise<unknown>;
  /** Rejects when it cannot go on. */
  readonly done?: Promise<unknown>;
}

/** What a service is made with: its connections, its log, and what ends with it. */
export interface ServiceKit {
  readonly name: string;
  /** Tells the processes of one service apart. */
  readonly instance: string;
  readonly logger: Logger;
  /** The queues: one connection for all that the service does. */
  readonly queue: QueueStore;
  /** That connection, for what is not about queues. @throws {Error} where the queues are not on one Redis */
  readonly redis: Redis;
  /** @throws {Error} where the settings name no API */
  readonly api: Api;
  /** What all its consumers have in common. */
  readonly consumer: { queue: QueueStore; consumer: string; service: string; logger: Logger };
  /** Aborted when the stop begins. */
  readonly stopping: AbortSignal;
  /** Has something done at the stop, or when the start fails: the last one first. */
  onStop(end: () => unknown): void;
  /** Stops a part with the service, together with the parts kept just before and after it; ends the service where its `done` rejects. */
  keep<Part extends RunningPart>(part: Part): Part;
  /** Runs work that ends when its signal is aborted; a part like those of `keep`. */
  loop(work: (signal: AbortSignal) => Promise<unknown>): void;
  /** Tells the figures of a consumer that is not kept by itself. */
  observe(consumer: ObservedConsumer): void;
  /** Has `/readyz` look at something else than Redis and the API: `check` rejects while it is away. */
  readyWhile(what: string, check: () => Promise<unknown>): void;
  /** Ends the service: it cannot go on for this error. */
  fail(error: unknown): void;
}

/** What makes a service. */
export interface ServiceParts<Config extends object> {
  /** As the log and the API call it. */
  readonly name: string;
  /** How the API is called; by default each call may take 10 s and is tried 6 times. */
  readonly apiOptions?: Pick<ApiOptions, 'retry' | 'timeoutMs'>;
  readonly start: (service: ServiceKit, config: Config) => Promise<void>;
}

/** A service that runs in this process. */
export interface StartedService {
  /** Ends all its parts, the last one first. */
  stop(): Promise<void>;
  /** Rejects when the service cannot go on; never resolves. */
  readonly done: Promise<never>;
}

const API_TIMEOUT_MS = 10_000;

/**
 * Starts a service in this process. What the start has begun ends again where it fails.
 * @throws what `start` throws; with `announce`, also an OrchestratorError where the API or Redis does not let it in
 */
export async function startService<Config extends object>(
  { name, apiOptions, start }: ServiceParts<Config>,
  config: Config & ServiceSettings,
): Promise<StartedService> {
  const { logger = silentLogger, instance = ownInstance(name) } = config;
  const stops = new StopOrder();
  const stopping = new AbortController();
  let stopped: Promise<void> | undefined;
  const checks = new Map<string, () => Promise<unknown>>();
  const consumers: ObservedConsumer[] = [];
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  const stop = () => {
    state = 'stopping';
    stopping.abort();
    stopped ??= stops.run();
    return stopped;
  };
  let fail: (error: unknown) => void = () => undefined;
  const done = new Promise<never>((_, reject) => {
    fail = reject;
  });
  done.catch(() => undefined);
  const queue = config.queue ?? (await openQueue(config.redisUrl, instance, logger));
  if (queue && !config.queue) stops.add(() => queue.close());
  try {
    const api = config.api && (await openApi(config.api, apiOptions));
    const redis = queue && 'redis' in queue ? (queue.redis as Redis) : undefined;
    const needed = <T>(part: T | undefined, what: string): T => {
      if (part === undefined) throw new Error(`${name} needs ${what}, and its settings name none`);
      return part;
    };
    const kit: ServiceKit = {
      name,
      instance,
      logger,
      get queue() {
        return needed(queue, 'queues');
      },
      get redis() {
        return needed(redis, 'a Redis');
      },
      get api() {
        return needed(api, 'the API');
      },
      get consumer() {
        return { queue: needed(queue, 'queues'), consumer: instance, service: name, logger };
      },
      stopping: stopping.signal,
      onStop: (end) => stops.add(end),
      observe: (consumer) => void consumers.push(consumer),
      readyWhile: (what, check) => void checks.set(what, check),
      keep: (part) => {
        stops.addTogether(() => part.stop());
        if (isObserved(part)) consumers.push(part);
        part.done?.catch(fail);
        return part;
      },
      loop: (work) => {
        const ending = new AbortController();
        const running = work(ending.signal);
        running.catch(fail);
        stops.addTogether(async () => {
          ending.abort();
          await running.catch(() => undefined);
        });
      },
      fail,
    };
    if (config.health) {
      if (queue) checks.set('Redis', () => queue.nowMs());
      if (config.api) checks.set('the API', await lookAtApi(config.api));
      const { serveHealth } = await import('./health.js');
      const labels = { service: name, instance };
      const served = await serveHealth(config.health, { labels, checks, consumers, state: () => state }, logger);
      // It tells of the stop as well.
      stops.add(() => served.stop());
    }
    if (!config.announce) await start(kit, config);
    else {
      const { giveSignsOfLife } = await import('./signs-of-life.js');
      const life = await giveSignsOfLife(name, instance, { api: config.api, redis }, logger);
      // Before all else is up and until all else is down: it may finish what it has begun for long.
      stops.add(() => life.stop());
      life.refused.catch(fail);
      await start(kit, config);
      await life.begin();
    }
    state = 'running';
    return { stop, done };
  } catch (error) {
    await stop().catch((late: unknown) => logger.error({ error: textOf(late) }, `${name} did not stop cleanly`));
    throw error;
  }
}

function isObserved(part: object): part is ObservedConsumer {
  return 'metrics' in part && 'durations' in part && 'stats' in part;
}

/** A name that no other process has. */
export function ownInstance(service: string): string {
  return `${service}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Loaded only by those that have queues: not by the API. */
async function openQueue(url: string | undefined, name: string, logger: Logger): Promise<QueueStore | undefined> {
  if (url === undefined) return undefined;
  const { connectQueue } = await import('../queue/connect-queue.js');
  return connectQueue(url, { name, logger });
}

async function openApi(
  { url, ...client }: NonNullable<ServiceSettings['api']>,
  options: ServiceParts<object>['apiOptions'],
): Promise<Api> {
  const { createApi } = await import('../api/create-api.js');
  return createApi({ apiUrl: url, timeoutMs: API_TIMEOUT_MS, ...client, ...options });
}

/** One question to the API, without another try. */
async function lookAtApi(place: NonNullable<ServiceSettings['api']>): Promise<() => Promise<unknown>> {
  const api = await openApi(place, { retry: { attempts: 1 } });
  return () => api.health();
}

/** What is to be done at a stop: groups, the last one first. Each is done, whatever another one throws. */
class StopOrder {
  readonly #groups: { together: boolean; ends: (() => unknown)[] }[] = [];

  add(end: () => unknown): void {
    this.#groups.push({ together: false, ends: [end] });
  }

  addTogether(end: () => unknown): void {
    const last = this.#groups.at(-1);
    if (last?.together) last.ends.push(end);
    else this.#groups.push({ together: true, ends: [end] });
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let group = this.#groups.pop(); group; group = this.#groups.pop()) {
      const ended = await Promise.allSettled(group.ends.map(async (end) => end()));
      errors.push(...ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])));
    }
    if (errors.length > 0) throw errors[0];
  }
}
