import { Orchestrator } from '@codegen/sdk';
import { type ErrorCode, isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import { BaseCommand, type GlobalFlags, NO_ADDRESS } from './base-command.js';
import type { Settings } from './config/settings.js';
import { nearest } from './nearest.js';
import { withNext } from './translate-error.js';

/** A command that works on Redis itself; it needs a Redis URL and no API. */
export abstract class RedisCommand<T = unknown> extends BaseCommand<T> {
  static override readonly failsWith: readonly ErrorCode[] = [
    'REDIS_REQUIRED',
    'NOT_FOUND',
    'UNAUTHENTICATED',
    'REDIS_UNAVAILABLE',
  ];

  /** Does something with a client of its own. @throws OrchestratorError REDIS_REQUIRED without a Redis URL */
  protected async withClient<R>(flags: GlobalFlags, work: (client: Orchestrator) => Promise<R>): Promise<R> {
    const settings = await this.settings(flags);
    const { apiUrl = NO_ADDRESS, token, redisUrl } = settings;
    const client = new Orchestrator({ apiUrl, token, redisUrl });
    try {
      return await work(client);
    } catch (error) {
      throw advised(error, settings);
    } finally {
      const closed = client.close();
      if (!this.signal.aborted) await closed;
    }
  }
}

/** The same error with what helps: the password of Redis is no matter of logging in to the API. */
function advised(error: unknown, { redisUrl, sources }: Settings): unknown {
  if (!isOrchestratorError(error) || error.next || redisUrl === undefined) return error;
  if (error.code !== 'UNAUTHENTICATED' && error.code !== 'NOT_CONFIGURED') return error;
  // From a file: a password in a command line would stay in the shell's history.
  const command =
    sources.redis_url?.kind === 'environment'
      ? 'export ORCHESTRATOR_REDIS_URL="$(cat redis-url.txt)"'
      : 'orchestrator config set redis_url - < redis-url.txt';
  return withNext(error, [{ command, when: 'with the right user, password and database in the file' }]);
}

/** The error about a queue's name with the name that was probably meant. */
export function queueError(error: unknown, name: string): unknown {
  if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') return error;
  if (!error.choices) {
    return withNext(error, [{ command: paste`orchestrator queue dlq list ${name}`, when: 'to see which there are' }]);
  }
  const [near] = nearest(name.slice(0, 100), error.choices, 1);
  const message = near ? `${error.message}; did you mean ${near}?` : error.message;
  const next = near
    ? { command: paste`orchestrator queue stats ${near}`, when: 'if that is what you mean' }
    : { command: 'orchestrator queue list', when: 'to see which queues there are' };
  return new OrchestratorError(error.code, message, { choices: error.choices, next: [next], cause: error });
}
