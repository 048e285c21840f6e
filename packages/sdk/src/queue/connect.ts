import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type Command, Redis, type RedisOptions } from 'ioredis';
import { OrchestratorError } from '../errors.js';
import { sayAway, sayBack } from '../service/outage-log.js';
import type { Logger } from './logger.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { isDatabaseRefused } from './redis-errors.js';
import { parseRedisUrl } from './redis-url.js';
import { StayOnMaster } from './stay-on-master.js';

/** Milliseconds until a command without a reply fails. */
const COMMAND_TIMEOUT_MS = 5000;
/** Milliseconds without a byte, with a reply outstanding, until a connection counts as dead. */
const SILENCE_MS = 10_000;
/** Milliseconds that closing waits for a Redis that does not answer. */
const CLOSE_MS = 1000;

export interface ConnectOptions {
  /** Shown by CLIENT LIST. */
  name?: string;
  /** For reads with BLOCK: no command timeout, and what is outstanding fails at once when the connection is lost. */
  blocking?: boolean;
  logger?: Logger;
}

/**
 * Connects to one Redis, or to the master that Sentinels name, and stays connected: reconnects for ever, in steps of
 * at most a second, and where the master was demoted. With Redis away, a command fails after 5 seconds. Neither the URL
 * nor its password is ever logged.
 * @throws {OrchestratorError} NOT_CONFIGURED where the URL is none, or that of a Cluster
 */
export function connectRedis(url: string, options: ConnectOptions = {}): Redis {
  const redis = connectAny(url, options);
  if (!isCluster(redis)) return redis;
  redis.disconnect();
  throw new OrchestratorError(
    'NOT_CONFIGURED',
    'A Redis Cluster takes queues only (connectQueue). Give a redis:// URL.',
  );
}

/** Connects to whatever the URL names. @throws {OrchestratorError} NOT_CONFIGURED where the URL is none */
export function connectAny(url: string, options: ConnectOptions = {}): RedisClient {
  const place = parseRedisUrl(url);
  const settings = {
    connectTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    connectionName: options.name,
    ...(options.blocking ? blocking : { commandTimeout: COMMAND_TIMEOUT_MS }),
  };
  if (place.kind === 'cluster') {
    const redisOptions = { ...place.node, ...settings };
    const redis = new TimedCluster(place.nodes, { redisOptions, clusterRetryStrategy: retryStrategy });
    reportOutages(redis, options.logger);
    return redis;
  }
  const stay = new StayOnMaster();
  const following = { ...settings, retryStrategy, reconnectOnError: stay.reconnectOnError };
  let redis: Redis;
  if (place.kind === 'server') redis = new Redis(place.url, following);
  else {
    const { kind: _, ...where } = place;
    redis = new Redis({ ...where, ...following, sentinelRetryStrategy: retryStrategy });
  }
  reportOutages(redis, options.logger);
  stay.begin(redis);
  return redis;
}

type SendingTo = Parameters<Cluster['sendCommand']> extends [unknown, ...infer More] ? More : never;

/** A Cluster whose commands time out also while it has not connected to any node. */
class TimedCluster extends Cluster {
  override sendCommand(command: Command, ...more: SendingTo): unknown {
    command.setTimeout(COMMAND_TIMEOUT_MS);
    return super.sendCommand(command, ...more);
  }
}

/** A further connection like the given one, for reads with BLOCK; to the same server as that one. */
export function connectBlocking(redis: RedisClient, name: string): RedisClient {
  const settings = { ...blocking, commandTimeout: undefined, connectionName: name };
  if (isCluster(redis)) {
    const twin = redis.duplicate([], { redisOptions: settings });
    reportOutages(twin);
    return twin;
  }
  const stay = new StayOnMaster(redis);
  const twin = redis.duplicate({ ...settings, reconnectOnError: stay.reconnectOnError });
  reportOutages(twin);
  stay.begin(twin);
  return twin;
}

/** Closes a connection once what was sent is answered; at once when Redis is away. */
export async function closeRedis(redis: RedisClient): Promise<void> {
  if (redis.status === 'end') return;
  const timer = new AbortController();
  const limit = sleep(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
  const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()));
  if (redis.status === 'ready') await Promise.race([redis.quit().catch(() => undefined), limit]);
  redis.disconnect();
  // While it waits to reconnect, there is no socket whose end would be told.
  if (isCluster(redis) || (redis.stream && !redis.stream.destroyed)) await Promise.race([ended, limit]);
  timer.abort();
}

/** Ends a connection at once, however far it has come: whoever gives up has no time for a polite end. */
export function dropRedis(redis: RedisClient): void {
  redis.disconnect();
  // disconnect() leaves a socket that is still connecting to its time limit.
  if (!isCluster(redis)) redis.stream?.destroy();
}

// A command timeout below BLOCK would lose deliveries into the pending list, and a resent XREADGROUP would
// deliver to nobody: the read loop has its own retry. The silence limit stays above every BLOCK that we use.
const blocking = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } satisfies RedisOptions;

/** Milliseconds before the next try to connect. */
function retryStrategy(times: number): number {
  return Math.min(1000, 25 * 2 ** Math.min(times, 6)) + Math.random() * 50;
}

/** Without a listener ioredis prints errors itself. */
function reportOutages(redis: RedisClient, logger?: Logger): void {
  let refused: Error | undefined;
  redis.on('error', (error: Error) => {
    // ioredis would go on in the first database: what waits fails, and the connection begins anew.
    if (!isCluster(redis) && error !== refused && isDatabaseRefused(error)) {
      refused = error;
      redis.recoverFromFatalError(error, error, { offlineQueue: true });
      return;
    }
    if (logger) sayAway(logger, 'Redis', error, 'connecting');
  });
  redis.on('ready', () => {
    if (logger) sayBack(logger, 'Redis');
  });
}
