import { type DestinationStream, type Logger, pino } from 'pino';
import { currentMessage } from '../current-message.js';
import { Redactor } from '../text/redactor.js';
import { type Environment, readChoice } from './read-environment.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Fields whose values never reach the log, at the top of a line or one level down. */
const SECRETS = ['token', 'password', 'authorization', 'redisUrl', 'databaseUrl'];
/** Variables whose values never reach it, wherever in a line they stand; passwords within URLs and API keys do not either. */
const SECRET_VARIABLE = /(?:TOKEN|PASSWORD|SECRET|KEY)S?$/;

/** LOG_LEVEL; `info` where it is missing. @throws {Error} naming it when there is no such level */
export function readLogLevel(env: Environment): (typeof LEVELS)[number] {
  return readChoice(env, 'LOG_LEVEL', LEVELS, 'info');
}

/**
 * A logger of JSON lines on stderr, written before the call returns; LOG_LEVEL is `info` by default. Lines of a handler,
 * or of `withCorrelation`, say `correlation_id`.
 * @throws {Error} naming LOG_LEVEL when there is no such level
 */
export function createLogger(name: string, env: Environment): Logger {
  const secrets = Object.entries(env).filter(([variable]) => SECRET_VARIABLE.test(variable));
  const redactor = new Redactor(secrets.map(([, value]) => value));
  return pino(
    {
      name,
      level: readLogLevel(env),
      mixin: correlation,
      redact: SECRETS.flatMap((field) => [field, `*.${field}`]),
      hooks: { streamWrite: (line) => redactor.clean(line) },
    },
    logDestination({ fd: 2 }),
  );
}

/** Of the lines that could not be written, about this much is kept in memory. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Where a log goes; each line is written before the call returns. On a full disk the process goes on: lines wait for a
 * later one that can be written. `onError` hears of each that cannot.
 */
export function logDestination(
  to: { readonly fd: number } | { readonly dest: string; readonly mode: number },
  onError: (error: NodeJS.ErrnoException) => void = () => undefined,
): DestinationStream {
  const stream = pino.destination({ ...to, sync: true, maxLength: KEPT_BYTES });
  stream.on('error', onError);
  // pino calls it after a fatal line. There is nothing left to flush, but what the disk refuses: it would wait for that,
  // and with it the whole process.
  stream.flushSync = () => undefined;
  return stream;
}

// Not the other ids: beside the `stream` or `entry_id` of some other message they would mislead.
function correlation(): object {
  const { correlation_id } = currentMessage() ?? {};
  return correlation_id === undefined ? {} : { correlation_id };
}
