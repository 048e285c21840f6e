/** HTTP status and CLI exit code of an error code, and whether a retry may succeed. */
export interface ErrorCodeInfo {
  readonly status: number;
  readonly exitCode: number;
  readonly retryable: boolean;
}

function code(status: number, exitCode: number, retryable = false): ErrorCodeInfo {
  return { status, exitCode, retryable };
}

/** Every stable error code. Codes may be added; their meaning never changes. `status` is 0 if the code is never sent over HTTP. */
export const errorCodes = {
  USAGE: code(0, 2),
  UNKNOWN_COMMAND: code(0, 2),
  INPUT_REQUIRED: code(0, 2),
  VALIDATION_FAILED: code(400, 2),
  SPEC_EMPTY: code(400, 2),
  SPEC_TOO_LARGE: code(413, 2),
  REDIS_REQUIRED: code(0, 2),
  /** The stack is not installed beside the CLI. */
  STACK_REQUIRED: code(0, 2),
  NOT_FOUND: code(404, 3),
  PROJECT_NOT_FOUND: code(404, 3),
  TASK_NOT_FOUND: code(404, 3),
  UNAUTHENTICATED: code(401, 4),
  NOT_CONFIGURED: code(0, 4),
  CONFLICT: code(409, 5),
  NAME_TAKEN: code(409, 5),
  IDEMPOTENCY_MISMATCH: code(409, 5),
  /** The first call with this idempotency key returned a secret, which is not shown again: revoke it and create another. */
  SECRET_SHOWN: code(409, 5),
  /** The first call with this idempotency key is still running. */
  IDEMPOTENCY_IN_PROGRESS: code(409, 75, true),
  STALE_EPOCH: code(409, 5),
  NOT_CLAIMABLE: code(409, 5),
  PROJECT_BUSY: code(409, 5),
  PROJECT_ARCHIVED: code(409, 5),
  NOTHING_TO_DEPLOY: code(409, 5),
  /** Main contains only the template: no engineering task of the project has completed. */
  NOT_BUILT: code(409, 5),
  NO_FREE_PORT: code(409, 5),
  TASK_ENDED: code(409, 5),
  DATA_FOLDER_LOCKED: code(0, 5),
  FORBIDDEN: code(403, 6),
  COMMAND_NOT_ALLOWED: code(0, 6),
  TASK_FAILED: code(0, 1),
  TASK_CANCELLED: code(0, 1),
  /** worker-manager rejected a command, or a worker's turn failed. */
  WORKER_FAILED: code(0, 1),
  /** A part of the system is unhealthy: a service is silent, or there are dead letters. */
  UNHEALTHY: code(0, 1),
  STILL_RUNNING: code(0, 8),
  INTERRUPTED: code(0, 130),
  TERMINATED: code(0, 143),
  TIMEOUT: code(408, 75, true),
  RATE_LIMITED: code(429, 75, true),
  NETWORK: code(0, 75, true),
  API_UNAVAILABLE: code(503, 75, true),
  /** The database's disk is full: reads still work. */
  DISK_FULL: code(503, 75, true),
  REDIS_UNAVAILABLE: code(0, 75, true),
  INTERNAL: code(500, 1, true),
  BAD_RESPONSE: code(0, 1),
  BUG: code(0, 1),
} as const satisfies Record<string, ErrorCodeInfo>;

export type ErrorCode = keyof typeof errorCodes;
