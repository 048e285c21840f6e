import { asUnavailable } from '../queue/redis-errors.js';

/** Does something on Redis. @throws {OrchestratorError} REDIS_UNAVAILABLE, UNAUTHENTICATED, NOT_CONFIGURED */
export async function onRedis<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asUnavailable(error, doing);
  }
}
