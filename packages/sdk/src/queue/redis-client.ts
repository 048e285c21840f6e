import { Cluster, type Redis } from 'ioredis';

/** A connection to one Redis server, to whichever Sentinel calls master, or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** Whether keys may lie on different servers, so that no script can touch two of them at once. */
export function isCluster(redis: RedisClient): redis is Cluster {
  return redis instanceof Cluster;
}
