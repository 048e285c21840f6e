import { describe, expect, it } from 'vitest';
import { defaultRetry, mayRetry, parseRetryAfter, retryDelayMs } from '../../src/api/retry.js';
import { OrchestratorError } from '../../src/errors.js';

describe('the wait before the next try', () => {
  it('doubles from half a second to eight seconds', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7].map((attempt) => retryDelayMs(attempt, defaultRetry, undefined, () => 1));

    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it('varies by half, so that clients do not return together', () => {
    expect(retryDelayMs(1, defaultRetry, undefined, () => 0)).toBe(250);
    expect(retryDelayMs(5, defaultRetry, undefined, () => 0)).toBe(4000);
  });

  it('is never shorter than the server asks for, and never longer than the cap allows', () => {
    expect(retryDelayMs(1, defaultRetry, 10_000, () => 0)).toBeGreaterThanOrEqual(10_000);
    expect(retryDelayMs(1, defaultRetry, 3_600_000, () => 1)).toBeLessThan(31_000);
  });
});

describe('Retry-After', () => {
  it('is read as seconds or as a date, and anything else is as good as none', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');

    expect(parseRetryAfter('3', now)).toBe(3000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:07 GMT', now)).toBe(7000);
    expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(null, now)).toBeUndefined();
  });
});

describe('what is tried again', () => {
  const of = (code: ConstructorParameters<typeof OrchestratorError>[0], status?: number) =>
    mayRetry(new OrchestratorError(code, 'x', status === undefined ? {} : { status }));

  it('is 408, 429, every 5xx, the network, and a 409 that says it may help', () => {
    expect([of('TIMEOUT', 408), of('RATE_LIMITED', 429), of('API_UNAVAILABLE', 502), of('INTERNAL', 500)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([of('NETWORK'), of('TIMEOUT'), of('IDEMPOTENCY_IN_PROGRESS', 409)]).toEqual([true, true, true]);
  });

  it('is not what cannot get better by itself', () => {
    expect([of('NAME_TAKEN', 409), of('VALIDATION_FAILED', 400), of('UNAUTHENTICATED', 401)]).toEqual([
      false,
      false,
      false,
    ]);
    expect([of('NOT_FOUND', 404), of('BAD_RESPONSE', 200)]).toEqual([false, false]);
  });
});
