import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { nameOfFlag } from './argv.js';
import { nearest } from './nearest.js';
import { oneLine } from './render/text.js';

/** What the parser of oclif throws, told by shape: its classes are not exported. */
interface ParserError extends Error {
  oclif?: unknown;
  flags?: string[];
  args?: (string | { name: string })[];
}

/**
 * Makes any error one of ours. The parser's own texts quote the command line, in which secrets may stand,
 * so they are written anew. What is left over is a bug.
 */
export function translateError(error: unknown, flagNames: readonly string[]): OrchestratorError {
  if (isOrchestratorError(error)) return error;
  if (!(error instanceof Error)) return new OrchestratorError('BUG', `something threw ${typeof error}`);
  const parser = error as ParserError;
  if (parser.oclif === undefined) return new OrchestratorError('BUG', error.message, { cause: error });
  if (parser.flags) return unknownFlags(parser.flags, flagNames);
  if (parser.args?.every((arg) => typeof arg === 'string')) {
    return new OrchestratorError('USAGE', 'there are more arguments than this command takes; quote text with spaces');
  }
  return misused(error.message);
}

/** What the API says of a field, said of the flag that the field came from. */
export function nameFlags(error: OrchestratorError, flagNames: readonly string[]): OrchestratorError {
  const { errors } = (error.details ?? {}) as { errors?: { path: string; message: string }[] };
  if (error.code !== 'VALIDATION_FAILED' || error.status === undefined || !Array.isArray(errors)) return error;
  const told = errors.map(({ path, message }) => {
    const flag = path.split('.')[0]?.replaceAll('_', '-') ?? '';
    return `${flagNames.includes(flag) ? `--${flag}` : path || 'the request'}: ${message}`;
  });
  return new OrchestratorError(error.code, told.join('; '), { ...error, cause: error.cause });
}

const NOT_ONE_OF = /^Expected (?:--([\w-]+)=)?(.*) to be one of: ([^:]*)$/s;

const NO_INTEGER = /^Parsing (--[\w-]+)\s+Expected an integer(?: (greater|less) than or equal to (-?\d+))?/;

/** What the parser said about a flag's value, without the value: it may be a secret in the wrong place. */
function misused(text: string): OrchestratorError {
  const [first = ''] = text.split('\nSee more help');
  const [, flag, typed = '', options] = NOT_ONE_OF.exec(first) ?? [];
  if (options !== undefined) {
    const all = options.split(', ');
    const [close] = nearest(typed, all, 1);
    const what = flag === undefined ? 'the argument' : `--${flag}`;
    const meant = close === undefined ? '' : `; did you mean ${close}?`;
    // Best first, for whoever takes the first one.
    const choices = close === undefined ? all : [close, ...all.filter((choice) => choice !== close)];
    return new OrchestratorError('USAGE', `${what} must be one of: ${all.join(', ')}${meant}`, { choices });
  }
  const [, number, bound, limit] = NO_INTEGER.exec(first) ?? [];
  if (number !== undefined) {
    const within = bound === undefined ? '' : ` of ${limit} or ${bound === 'greater' ? 'more' : 'less'}`;
    return new OrchestratorError('USAGE', `${number} takes a whole number${within}`);
  }
  const message = first.replace(/^Parsing (--[\w-]+)\s+/, '$1: ').replace(/ but received: .*/s, '');
  return new OrchestratorError('USAGE', oneLine(withoutValue(message)));
}

/** Of `--flag=VALUE cannot also be provided when using --other`, all but the value. */
function withoutValue(message: string): string {
  const end = message.lastIndexOf(' cannot also be provided');
  const flag = /(?<![\w-])--[\w-]{1,64}(?==)/.exec(message.slice(0, Math.max(0, end)));
  return flag ? message.slice(0, flag.index) + flag[0] + message.slice(end) : message;
}

function unknownFlags(flags: readonly string[], known: readonly string[]): OrchestratorError {
  const names = flags.map(nameOfFlag);
  const close = names.flatMap((name) => nearest(name.replace(/^-+/, ''), known, 1)).map((name) => `--${name}`);
  const choices = [...new Set(close)];
  const message = `unknown flag ${names.join(', ')}`;
  return new OrchestratorError('USAGE', message, choices.length > 0 ? { choices } : {});
}

/** The same error with a better next step. */
export function withNext(
  error: OrchestratorError,
  next: { command: string; when: string }[],
  details: unknown = error.details,
): OrchestratorError {
  const { message, code, retryable, exitCode, cause, requestId, retryAfterMs, status, choices } = error;
  const options = { retryable, exitCode, cause, next, details, requestId, retryAfterMs, status, choices };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return new OrchestratorError(code, message, given);
}

/** A flag whose hyphens became a dash, as word processors and chat programs make of them. */
const DASHED = /^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+-?([a-z][a-z-]{1,30})(?:=|$)/;

/** The same error, with a word on a typographic dash where the command line has one in the place of hyphens. */
export function withDashHint(error: OrchestratorError, argv: readonly string[]): OrchestratorError {
  const [dashed, name] = argv.map((word) => DASHED.exec(word)).find((match) => match !== null) ?? [];
  if (dashed === undefined || error.exitCode !== 2) return error;
  const { message, ...rest } = error;
  const hint = `${dashed.replace('=', '')} begins with a typographic dash: type --${name}`;
  return new OrchestratorError(error.code, `${error.message}; ${hint}`, { ...rest, cause: error });
}
