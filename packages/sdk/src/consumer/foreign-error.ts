/** What errors of other libraries may carry, such as Octokit's. */
interface Foreign {
  name?: unknown;
  status?: unknown;
  headers?: unknown;
  response?: { headers?: unknown };
}

/** HTTP statuses of 4xx that say nothing about the request itself: timeout, too early. */
const PASSING = new Set([408, 425]);

/** How an error of another library is treated: by its HTTP status, or as a failed validation of zod. */
export function kindOfForeign(error: unknown): 'permanent' | 'transient' | 'upstream' {
  const { name, status } = (error ?? {}) as Foreign;
  if (name === 'ZodError' || name === '$ZodError') return 'permanent';
  if (typeof status !== 'number' || status < 400 || status > 499 || PASSING.has(status)) return 'transient';
  return status === 429 || retryAfterOf(error) !== undefined ? 'upstream' : 'permanent';
}

/** Milliseconds that an error asks to wait: its own `retryAfterMs`, or the Retry-After of the response it came with. */
export function retryAfterOf(error: unknown): number | undefined {
  const { retryAfterMs, headers, response } = (error ?? {}) as Foreign & { retryAfterMs?: unknown };
  const ms = typeof retryAfterMs === 'number' ? retryAfterMs : headerMs(headers ?? response?.headers);
  return ms !== undefined && ms > 0 ? ms : undefined;
}

/** Retry-After is a number of seconds or a date. */
function headerMs(headers: unknown): number | undefined {
  const text =
    headers instanceof Headers ? headers.get('retry-after') : (headers as Record<string, unknown>)?.['retry-after'];
  if (typeof text !== 'string' && typeof text !== 'number') return undefined;
  const seconds = Number(text);
  return Number.isNaN(seconds) ? Date.parse(String(text)) - Date.now() : seconds * 1000;
}
