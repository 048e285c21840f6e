import { Orchestrator } from '@codegen/sdk';
import { type ErrorCode, isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import type { Settings } from '../config/settings.js';
import { type Context, NO_ADDRESS } from '../kit/context.js';
import { withNext } from '../kit/errors.js';
import { nearest } from '../kit/nearest.js';
import { inputRequired } from '../kit/prompts.js';

/** How a command fails that works on Redis itself. */
export const redisErrors = [
  'REDIS_REQUIRED',
  'NOT_FOUND',
  'UNAUTHENTICATED',
  'REDIS_UNAVAILABLE',
] as const satisfies ErrorCode[];

/**
 * Does something with a client of its own, which needs a Redis URL and no API.
 * @throws OrchestratorError REDIS_REQUIRED without a Redis URL
 */
export async function withRedis<R>(context: Context, work: (client: Orchestrator) => Promise<R>): Promise<R> {
  const settings = await context.settings();
  const { apiUrl = NO_ADDRESS, token, redisUrl } = settings;
  const client = new Orchestrator({ apiUrl, token, redisUrl });
  try {
    return await work(client);
  } catch (error) {
    throw advised(error, settings);
  } finally {
    const closed = client.close();
    if (!context.signal.aborted) await closed;
  }
}

/** Does something with a queue. @throws OrchestratorError NOT_FOUND with the name that was probably meant */
export async function onQueue<R>(
  context: Context,
  name: string | undefined,
  work: (client: Orchestrator, queue: string) => Promise<R>,
): Promise<R> {
  if (name === undefined) {
    const { queues } = await import('@codegen/contracts');
    throw inputRequired([{ name: 'QUEUE', question: 'Queue:', choices: queues.map(({ stream }) => stream) }]);
  }
  try {
    return await withRedis(context, (client) => work(client, name));
  } catch (error) {
    throw queueError(error, name);
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
function queueError(error: unknown, name: string): unknown {
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
