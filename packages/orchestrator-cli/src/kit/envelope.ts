import type { NextStep, OrchestratorError } from '@codegen/sdk/errors';

const SCHEMA_VERSION = 1;

/** What is known of a call beside its data. */
export interface Meta {
  request_id: string;
  correlation_id: string;
  idempotency_key?: string;
  /** What is told was done by an earlier call with the same idempotency key; this one changed nothing. */
  replayed?: true;
}

export interface SuccessEnvelope {
  ok: true;
  schema_version: typeof SCHEMA_VERSION;
  command: string;
  data: unknown;
  warnings: string[];
  meta: Meta;
}

export interface FailureEnvelope {
  ok: false;
  schema_version: typeof SCHEMA_VERSION;
  command: string;
  error: {
    code: string;
    message: string;
    exit_code: number;
    retryable: boolean;
    retry_after_ms?: number;
    details?: unknown;
    request_id?: string;
  };
  /** Flags and arguments that were needed and not given. */
  missing?: string[];
  /** What would have been accepted. */
  choices?: string[];
  next: NextStep[];
  warnings: string[];
  meta: Meta;
}

/** The one document of a command that worked. `data` is null where there is nothing to say. */
export function success(command: string, data: unknown, warnings: string[], meta: Meta): SuccessEnvelope {
  return { ok: true, schema_version: SCHEMA_VERSION, command, data: data ?? null, warnings, meta };
}

/** The one document of a command that did not. */
export function failure(
  command: string,
  error: OrchestratorError,
  next: NextStep[],
  warnings: string[],
  meta: Meta,
): FailureEnvelope {
  const missing = (error.details as { missing?: unknown } | undefined)?.missing;
  return {
    ok: false,
    schema_version: SCHEMA_VERSION,
    command,
    error: {
      code: error.code,
      message: error.message,
      exit_code: error.exitCode,
      retryable: error.retryable,
      ...(error.retryAfterMs !== undefined && { retry_after_ms: error.retryAfterMs }),
      ...(error.details !== undefined && { details: error.details }),
      ...(error.requestId !== undefined && { request_id: error.requestId }),
    },
    ...(Array.isArray(missing) && { missing: missing as string[] }),
    ...(error.choices !== undefined && { choices: error.choices }),
    next,
    warnings,
    meta,
  };
}
