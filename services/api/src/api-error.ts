import { type ErrorCode, errorCodes, type Problem } from '@codegen/contracts';

/** A refusal with a stable code; the app turns it into a problem document. `detail` says what to do next. */
export class ApiError extends Error {
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly extra: {
      status?: number;
      choices?: string[];
      errors?: NonNullable<Problem['errors']>;
      retryAfterSeconds?: number;
    } = {},
  ) {
    super(detail);
    this.status = extra.status ?? errorCodes[code].status;
  }

  toProblem(requestId: string): Problem {
    const { choices, errors } = this.extra;
    return {
      type: 'about:blank',
      title: this.code.toLowerCase().replaceAll('_', ' '),
      status: this.status,
      detail: this.detail,
      code: this.code,
      retryable: errorCodes[this.code].retryable,
      request_id: requestId,
      ...(errors && { errors }),
      ...(choices && { choices }),
    };
  }
}
