import type { z } from 'zod';
import { abortable } from '../abortable.js';
import { currentMessage } from '../current-message.js';
import { isOrchestratorError, OrchestratorError } from '../errors.js';
import { openTelemetry } from '../queue/open-telemetry.js';
import { messageOf } from '../text/error-text.js';
import { timeLimit } from '../time-limit.js';
import { traceOf, traceparent } from '../trace-context.js';
import { apiAddress, checkedToken } from './address.js';
import type { Fetch } from './fetch.js';
import { checkIdempotencyKey } from './idempotency-key.js';
import { type CheckedPath, checkIdentifier } from './path.js';
import { PollLimit } from './poll-limit.js';
import { errorFromResponse } from './problem.js';
import { fetchFor } from './proxy.js';
import { defaultRetry, mayRetry, pause, type RetryOptions, retryDelayMs } from './retry.js';

/** What every call takes last. */
export interface CallOptions {
  /** Stops the request, the wait between tries and a long poll within 50 ms; the call rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** For mutations; minted when left out. The same key makes the same call again, once. */
  idempotencyKey?: string | undefined;
}

/** One try of a call, as told to `onCall`. */
export interface ApiCall {
  method: string;
  path: string;
  attempt: number;
  durationMs: number;
  status?: number;
  requestId?: string;
  idempotencyKey?: string;
  /** The answer is the one that an earlier call with the same idempotency key got: nothing was done now. */
  replayed?: true;
  error?: OrchestratorError;
}

export interface ApiOptions {
  /** `http://` or `https://`, with a base path or without. */
  apiUrl: string;
  /** API key; without one only `health` answers. */
  token?: string | undefined;
  /** The HTTP client; Node's own by default, through the proxy of the environment where one is set. */
  fetch?: Fetch | undefined;
  retry?: Partial<RetryOptions> | undefined;
  /** Milliseconds for one try, a long poll's own wait not counted; 30 000 by default. */
  timeoutMs?: number | undefined;
  /** Told of every try; for logs and request ids. */
  onCall?: ((call: ApiCall) => void) | undefined;
}

/** One endpoint's call. `schema` left out: the answer has no body worth reading. */
interface Call<S extends z.ZodType = z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string | CheckedPath;
  query?: object | undefined;
  /** Values in query or body that name something; they are checked as those in the path are. */
  identifiers?: readonly (string | undefined)[];
  body?: unknown;
  schema?: S;
  /** Milliseconds that the server may take on purpose; sent as `wait_ms`, or less of it. */
  waitMs?: number | undefined;
}

type PreparedCall = Call & { path: string };

export interface Send {
  <S extends z.ZodType>(call: Call<S> & { schema: S }, options?: CallOptions): Promise<z.output<S>>;
  (call: Call & { schema?: never }, options?: CallOptions): Promise<void>;
}

/**
 * The one function through which every call goes: address, key, tries, timeouts, errors, checked answers.
 * @throws OrchestratorError USAGE where the URL or token cannot be used
 */
export function makeSend(options: ApiOptions): Send {
  const base = apiAddress(options.apiUrl);
  const token = checkedToken(options.token);
  const retry = { ...defaultRetry, ...options.retry };
  const pollLimit = new PollLimit();
  let chosenFetch: Promise<Fetch> | undefined;
  const getFetch = () => {
    chosenFetch ??= options.fetch ? Promise.resolve(options.fetch) : fetchFor(base);
    return chosenFetch;
  };

  const attemptOnce = async (
    call: PreparedCall,
    key: string | undefined,
    attempt: number,
    signal: AbortSignal | undefined,
  ) => {
    const startedMs = performance.now();
    const seen: ApiCall = { method: call.method, path: call.path, attempt, durationMs: 0 };
    if (key !== undefined) seen.idempotencyKey = key;
    try {
      const answer = await exchange(
        await abortable(getFetch(), signal),
        base,
        call,
        key,
        token,
        options.timeoutMs ?? 30_000,
        signal,
      );
      Object.assign(seen, { status: answer.status, requestId: answer.requestId });
      // Of a later try the first one's answer was lost: that is this call all the same.
      if (answer.replayed && attempt === 1) seen.replayed = true;
      return answer.value;
    } catch (error) {
      if (isOrchestratorError(error)) {
        seen.error = error;
        if (error.status !== undefined) seen.status = error.status;
        if (error.requestId !== undefined) seen.requestId = error.requestId;
      }
      throw error;
    } finally {
      seen.durationMs = performance.now() - startedMs;
      options.onCall?.(seen);
    }
  };

  const send = async (given: Call, { signal, idempotencyKey }: CallOptions = {}): Promise<unknown> => {
    const call = { ...given, path: typeof given.path === 'string' ? given.path : given.path() };
    for (const value of given.identifiers ?? []) if (value !== undefined) checkIdentifier(value);
    if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
    // Minted once, outside the tries: every try is the same call.
    const key = call.method === 'GET' ? undefined : (idempotencyKey ?? crypto.randomUUID());
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const startedMs = performance.now();
      const waitMs = call.waitMs === undefined ? undefined : pollLimit.of(call.waitMs);
      try {
        return await attemptOnce({ ...call, waitMs }, key, attempt, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isOrchestratorError(error)) throw error;
        if (pollLimit.wasCut(error, waitMs ?? 0, performance.now() - startedMs)) {
          attempt -= 1;
          continue;
        }
        if (!mayRetry(error) || attempt >= retry.attempts) throw error;
        await pause(retryDelayMs(attempt, retry, error.retryAfterMs), signal);
      }
    }
  };
  return send as Send;
}

async function exchange(
  doFetch: Fetch,
  base: URL,
  call: PreparedCall,
  key: string | undefined,
  token: string | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
) {
  const sentRequestId = crypto.randomUUID();
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const limitMs = timeoutMs + (call.waitMs ?? 0);
  const late = () => new OrchestratorError('TIMEOUT', `the API at ${base.origin} did not answer within ${limitMs} ms`);
  const limit = timeLimit(limitMs, signal, late);
  try {
    const asked = doFetch(urlOf(base, call).href, {
      method: call.method,
      headers: {
        accept: 'application/json, application/problem+json',
        'x-request-id': sentRequestId,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(await traceHeaders(call.body)),
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: limit.signal,
    });
    // Also a client that knows no signals must not keep the caller waiting.
    const response = await abortable(asked, limit.signal);
    const text = await abortable(response.text(), limit.signal);
    const requestId = response.headers.get('x-request-id') ?? sentRequestId;
    if (!response.ok) {
      throw errorFromResponse(response, text, { requestId: sentRequestId, bodyBytes: Buffer.byteLength(body ?? '') });
    }
    const value = readAnswer(call, text, response.status, requestId);
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, requestId, replayed, value };
  } catch (error) {
    if (isOrchestratorError(error)) throw error;
    limit.signal.throwIfAborted();
    throw new OrchestratorError('NETWORK', `the API at ${base.origin} cannot be reached: ${reasonOf(error)}`, {
      cause: error,
      // A certificate gets no better by asking again.
      ...(certificateProblem(String(codeOf(error) ?? codeOf((error as Error | undefined)?.cause))) && {
        retryable: false,
      }),
    });
  } finally {
    limit.release();
  }
}

/** What makes a call part of a trace: that of the span that is under way, or of the correlation id that is known. */
async function traceHeaders(body: unknown): Promise<Record<string, string>> {
  const loading = openTelemetry();
  const api = loading && (await loading);
  const span = api?.trace.getSpanContext(api.context.active());
  const { correlation_id: given } = (body ?? {}) as { correlation_id?: unknown };
  const known = span ?? traceOf(given ?? currentMessage()?.correlation_id);
  return known ? { traceparent: traceparent(known) } : {};
}

function readAnswer(call: PreparedCall, text: string, status: number, requestId: string): unknown {
  if (!call.schema) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const message = `the answer to ${call.method} ${call.path} is not JSON: is the API URL right?`;
    throw new OrchestratorError('BAD_RESPONSE', message, { cause, status, requestId });
  }
  const parsed = call.schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map((one) => `${one.path.join('.') || 'answer'}: ${one.message}`);
  const message = `the answer to ${call.method} ${call.path} is not understood (${issues.join('; ')}): are client and API of the same version?`;
  throw new OrchestratorError('BAD_RESPONSE', message, { status, requestId });
}

function urlOf(base: URL, call: PreparedCall): URL {
  const url = new URL(base);
  // As a path alone: one that began with two slashes would name another host, which would get the token.
  url.pathname = base.pathname.replace(/(?<!\/)\/+$/, '') + call.path;
  for (const [name, value] of Object.entries({ ...call.query, wait_ms: call.waitMs })) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  return url;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof Error && error.message.startsWith('the proxy ')) return error.message;
  const code = codeOf(error) ?? codeOf(cause);
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)';
  if (code === 'ENOTFOUND') return 'there is no such host (ENOTFOUND)';
  if (typeof code === 'string') return certificateProblem(code) ?? code;
  if (cause instanceof Error) return cause.message;
  return messageOf(error);
}

/** What is wrong with a server's certificate, and what to set where it is one of one's own. */
function certificateProblem(code: string): string | undefined {
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another host (${code})`;
  if (!/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code)) return undefined;
  return `its certificate is signed by nobody known here (${code}): set NODE_EXTRA_CA_CERTS or SSL_CERT_FILE to the file of its authority's certificate`;
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
