import { describe, expect, test } from 'vitest';
import { classify } from '../../src/consumer/retry-policy.js';
import { FatalError, OrchestratorError, PermanentError, TransientError, UpstreamError } from '../../src/errors.js';

const first = { attempt: 1, deferrals: 0 };

function delaysOf(error: unknown): number[] {
  const delays: number[] = [];
  for (let attempt = 1; attempt < 20; attempt += 1) {
    const verdict = classify(error, { attempt, deferrals: 0 });
    if (verdict.kind !== 'retry') break;
    delays.push(verdict.delayMs);
  }
  return delays;
}

describe('retries', () => {
  test.each([
    ['transient errors', new TransientError('away'), [1000, 2000, 4000]],
    ['errors of no known kind', new Error('what?'), [1000, 2000, 4000]],
    ['upstream errors', new UpstreamError('limit'), [5000, 10_000, 20_000, 60_000, 60_000]],
    ['our rate limit', new OrchestratorError('RATE_LIMITED', 'slow'), [5000, 10_000, 20_000, 60_000, 60_000]],
    ['our retryable errors', new OrchestratorError('TIMEOUT', 'late'), [1000, 2000, 4000]],
  ])('of %s come in the policy’s steps, within 100 ms', (_, error, steps) => {
    const delays = delaysOf(error);
    expect(delays.length).toBe(steps.length);
    delays.forEach((delay, i) => {
      expect(Math.abs(delay - (steps[i] as number))).toBeLessThanOrEqual(100);
    });
  });

  test('there are none for permanent errors', () => {
    expect(classify(new PermanentError('no'), first)).toEqual({ kind: 'dead', code: 'permanent' });
    expect(classify(new PermanentError('no', { code: 'no_changes' }), first)).toEqual({
      kind: 'dead',
      code: 'no_changes',
    });
    expect(classify(new OrchestratorError('STALE_EPOCH', 'old'), first)).toEqual({ kind: 'dead', code: 'STALE_EPOCH' });
  });

  test('wait as long as a provider asks for, never less', () => {
    const verdict = classify(new UpstreamError('limit', { retryAfterMs: 42_000 }), first);
    expect(verdict).toMatchObject({ kind: 'retry', burnsAttempt: true });
    const delay = verdict.kind === 'retry' ? verdict.delayMs : 0;
    expect(delay >= 42_000 && delay <= 42_100).toBe(true);
  });

  test.each([
    [{ status: 429 }, 'upstream'],
    [{ status: 403, response: { headers: { 'retry-after': '7' } } }, 'upstream'],
    [{ status: 404 }, 'permanent'],
    [{ status: 422 }, 'permanent'],
    [{ name: 'ZodError' }, 'permanent'],
    [{ status: 408 }, 'transient'],
    [{ status: 503 }, 'transient'],
    [{ status: 'failed' }, 'transient'],
    [{ code: 'ECONNREFUSED' }, 'transient'],
  ])('go by the status of an error of another library: %o is %s', (more, kind) => {
    const retries = { permanent: 0, transient: 3, upstream: 5 }[kind];
    expect(delaysOf(Object.assign(new Error('foreign'), more)).length).toBe(retries);
  });

  test.each([
    [{ 'retry-after': '7' }, 7000],
    [new Headers({ 'Retry-After': '7' }), 7000],
    [{ 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, 3_600_000],
    [{ 'retry-after': '999999999' }, 86_400_000],
    [{ 'retry-after': 'soon' }, 5000],
    [{ 'retry-after': '0' }, 5000],
  ])('read the Retry-After of a response: %o', (headers, ms) => {
    const verdict = classify(Object.assign(new Error('limit'), { status: 429, response: { headers } }), first);
    const delay = verdict.kind === 'retry' ? verdict.delayMs : 0;
    expect(Math.abs(delay - ms)).toBeLessThan(2000);
  });

  test('are never put off for ever', () => {
    const verdict = classify(new UpstreamError('limit', { retryAfterMs: Number.POSITIVE_INFINITY }), first);
    expect(verdict.kind === 'retry' && verdict.delayMs < 86_401_000).toBe(true);
    expect(classify(new UpstreamError('limit', { retryAfterMs: Number.NaN }), first)).toMatchObject({ kind: 'retry' });
  });

  test('are counted once, whatever the kinds of error', () => {
    expect(classify(new TransientError('away'), { attempt: 4, deferrals: 0 })).toEqual({
      kind: 'dead',
      code: 'retries_exhausted',
    });
    expect(classify(new UpstreamError('limit'), { attempt: 4, deferrals: 0 })).toMatchObject({ kind: 'retry' });
  });

  test.each([
    new OrchestratorError('API_UNAVAILABLE', 'down'),
    new OrchestratorError('NETWORK', 'down'),
    new OrchestratorError('REDIS_UNAVAILABLE', 'down'),
    new OrchestratorError('DISK_FULL', 'the disk of the database is full'),
    Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }),
    new Error('Command timed out'),
    new Error('Connection is closed.'),
  ])('burn no attempt while our own infrastructure is away: $message', (error) => {
    const delays = [0, 1, 2, 5, 50].map((deferrals) => classify(error, { attempt: 1, deferrals }));
    expect(delays.every((verdict) => verdict.kind === 'retry' && !verdict.burnsAttempt)).toBe(true);
    const last = delays.at(-1);
    expect(last?.kind === 'retry' && Math.abs(last.delayMs - 30_000) <= 100).toBe(true);
  });

  test.each([new FatalError('no key'), new OrchestratorError('UNAUTHENTICATED', 'no key')])(
    'stop the consumer at a fatal error: $name',
    (error) => {
      expect(classify(error, first)).toEqual({ kind: 'fatal' });
    },
  );
});
