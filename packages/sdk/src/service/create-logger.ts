import { type Logger, pino } from 'pino';
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
    pino.destination({ fd: 2, sync: true }),
  );
}

// Not the other ids: beside the `stream` or `entry_id` of some other message they would mislead.
function correlation(): object {
  const { correlation_id } = currentMessage() ?? {};
  return correlation_id === undefined ? {} : { correlation_id };
}
