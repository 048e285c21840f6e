import { type ErrorCode, errorCodes } from '@codegen/contracts/error-codes';

export type { ErrorCode } from '@codegen/contracts/error-codes';
export { paste } from './paste.js';

/** A command that would help, and when it applies. */
export interface NextStep {
  command: string;
  when: string;
}

export interface OrchestratorErrorOptions extends ErrorOptions {
  retryable?: boolean;
  exitCode?: number;
  requestId?: string;
  retryAfterMs?: number;
  details?: unknown;
  status?: number;
  choices?: string[];
  next?: NextStep[];
}

// Registered symbols, so that an error made by one copy of this package is known by another.
const ORCHESTRATOR = Symbol.for('codegen.error.orchestrator');
const HANDLING = Symbol.for('codegen.error.handling');

/** Anything the orchestrator can tell a caller about. `code` is stable; exit code and retryability follow from it. */
export class OrchestratorError extends Error {
  override readonly name: string = 'OrchestratorError';
  readonly [ORCHESTRATOR] = true;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly exitCode: number;
  /** Of the API call or message that failed. */
  declare readonly requestId?: string;
  /** Milliseconds to wait before the next try. */
  declare readonly retryAfterMs?: number;
  declare readonly details?: unknown;
  /** HTTP status, where there was one. */
  declare readonly status?: number;
  /** What would have been accepted. */
  declare readonly choices?: string[];
  /** What to do next. */
  declare readonly next?: NextStep[];

  constructor(code: ErrorCode, message: string, options: OrchestratorErrorOptions = {}) {
    const { cause, retryable, exitCode, ...rest } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    const known = errorCodes[code];
    this.retryable = retryable ?? known.retryable;
    this.exitCode = exitCode ?? known.exitCode;
    for (const [key, value] of Object.entries(rest)) if (value !== undefined) Object.assign(this, { [key]: value });
  }
}

/** Whether this is an OrchestratorError, of this or another copy of the package. */
export function isOrchestratorError(error: unknown): error is OrchestratorError {
  return error instanceof Error && (error as { [ORCHESTRATOR]?: boolean })[ORCHESTRATOR] === true;
}

const REFUSALS = new Set<ErrorCode>(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_CONFIGURED']);

/** Whether the API or Redis does not let us in, or not do this: nothing that is away, and nothing that time mends. */
export function isRefusal(error: unknown): boolean {
  return isOrchestratorError(error) && REFUSALS.has(error.code);
}

const NONE = new Set<ErrorCode>(['CONFLICT', 'USAGE', 'VALIDATION_FAILED']);

/** Whether the API says of what was asked for by id that there is none: also several of that name, or a text that is no id. */
export function isNotThere(error: unknown): boolean {
  return isOrchestratorError(error) && (/NOT_FOUND$/.test(error.code) || NONE.has(error.code));
}

/** How a handler's error is treated: by class, of this or another copy of the package. */
export type HandlingKind = 'permanent' | 'transient' | 'upstream' | 'fatal';

export interface HandlingErrorOptions extends ErrorOptions {
  /** Stable code for the dead-letter entry. */
  code?: string;
  /** Milliseconds to wait before the next try, instead of what the policy says. */
  retryAfterMs?: number;
}

abstract class HandlingError extends Error {
  abstract readonly [HANDLING]: HandlingKind;
  declare readonly code?: string;
  declare readonly retryAfterMs?: number;

  constructor(message: string, { cause, code, retryAfterMs }: HandlingErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    if (code !== undefined) this.code = code;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** A handler's message can never succeed: it is dead-lettered at once. */
export class PermanentError extends HandlingError {
  override readonly name = 'PermanentError';
  readonly [HANDLING] = 'permanent';
}

/** Something between us and the goal is away for a moment: few, quick retries. */
export class TransientError extends HandlingError {
  override readonly name = 'TransientError';
  readonly [HANDLING] = 'transient';
}

/** A provider says no for now, such as a rate limit: more, slower retries. */
export class UpstreamError extends HandlingError {
  override readonly name = 'UpstreamError';
  readonly [HANDLING] = 'upstream';
}

/** Nothing here can work, such as wrong credentials: the consumer stops and the message stays pending. */
export class FatalError extends HandlingError {
  override readonly name = 'FatalError';
  readonly [HANDLING] = 'fatal';
}

/** The kind that a handler's error declares, if it declares one. */
export function handlingKind(error: unknown): HandlingKind | undefined {
  return error instanceof Error ? (error as { [HANDLING]?: HandlingKind })[HANDLING] : undefined;
}
