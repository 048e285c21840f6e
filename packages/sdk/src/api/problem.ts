import { errorCodes, problem } from '@codegen/contracts';
import { type ErrorCode, OrchestratorError, type OrchestratorErrorOptions } from '../errors.js';
import type { FetchResponse } from './fetch.js';
import { parseRetryAfter } from './retry.js';

/** Of the request, what an error tells. */
export interface SentRequest {
  readonly requestId: string;
  readonly bodyBytes: number;
}

/** The error that an unsuccessful response stands for: its problem document, or the best guess from its status. */
export function errorFromResponse(response: FetchResponse, text: string, sent: SentRequest): OrchestratorError {
  const parsed = problem.safeParse(asJson(text));
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'));
  const requestId = response.headers.get('x-request-id') ?? sent.requestId;
  const options: OrchestratorErrorOptions = { status: response.status, requestId };
  if (retryAfterMs !== undefined) options.retryAfterMs = retryAfterMs;
  if (!parsed.success) {
    const code = codeOfStatus(response.status, false);
    return new OrchestratorError(code, describeForeign(response, code, sent), options);
  }
  const document = parsed.data;
  const known = Object.hasOwn(errorCodes, document.code);
  const code = known ? (document.code as ErrorCode) : codeOfStatus(response.status, true);
  if (document.request_id) options.requestId = document.request_id;
  if (document.choices?.length) options.choices = document.choices;
  if (document.errors) options.details = { errors: document.errors };
  // A newer server's code: its own word on retrying is better than our table.
  if (!known) Object.assign(options, { retryable: document.retryable, details: { code: document.code } });
  return new OrchestratorError(code, document.detail ?? document.title, options);
}

function codeOfStatus(status: number, ours: boolean): ErrorCode {
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'FORBIDDEN';
  if (status === 408) return 'TIMEOUT';
  if (status === 413) return 'VALIDATION_FAILED';
  if (status === 429) return 'RATE_LIMITED';
  if (status >= 500) return 'API_UNAVAILABLE';
  // Without a problem document this was not our API, whatever the status says.
  if (!ours) return 'BAD_RESPONSE';
  if (status === 404) return 'NOT_FOUND';
  if (status === 409) return 'CONFLICT';
  return 'VALIDATION_FAILED';
}

function describeForeign(response: FetchResponse, code: ErrorCode, { bodyBytes }: SentRequest): string {
  if (response.status >= 300 && response.status < 400) {
    return `the API address answers with a redirect (HTTP ${response.status}); use the address it leads to as the API URL`;
  }
  if (response.status === 413) {
    return (
      `the text is too large for a proxy on the way to the API (HTTP 413 to ${bodyBytes} bytes): shorten it, or let the ` +
      'proxy take what the API takes, 2.5 MiB (nginx: client_max_body_size 2560k) and in them a spec of 1 MiB'
    );
  }
  const what = `HTTP ${response.status} without a problem document`;
  if (code === 'BAD_RESPONSE') return `${what}: is the API URL right?`;
  return `the API answered ${what}`;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
