import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { type Field, flagOf } from './field.js';

/** Makes any error one of ours. What is none is a bug. */
export function translateError(error: unknown): OrchestratorError {
  if (isOrchestratorError(error)) return error;
  if (!(error instanceof Error)) return new OrchestratorError('BUG', `something threw ${typeof error}`);
  return new OrchestratorError('BUG', error.message, { cause: error });
}

/** What the API says of a field, said of the flag that the field came from. */
export function nameFlags(error: OrchestratorError, fields: readonly Field[]): OrchestratorError {
  const { errors } = (error.details ?? {}) as { errors?: { path: string; message: string }[] };
  if (error.code !== 'VALIDATION_FAILED' || error.status === undefined || !Array.isArray(errors)) return error;
  const told = errors.map(({ path, message }) => {
    const field = fields.find(({ name, positional }) => positional !== true && name === path.split('.')[0]);
    return `${field ? flagOf(field.name) : path || 'the request'}: ${message}`;
  });
  return new OrchestratorError(error.code, told.join('; '), { ...error, cause: error.cause });
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
