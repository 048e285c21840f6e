import { describe, expect, test } from 'vitest';
import * as here from '../../src/errors.js';

describe('errors', () => {
  test('take exit code and retryability from their code', () => {
    const error = new here.OrchestratorError('REDIS_UNAVAILABLE', 'away', { retryAfterMs: 1000 });
    expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE', exitCode: 75, retryable: true, retryAfterMs: 1000 });
    expect(error).not.toHaveProperty('status');
  });

  test('can say otherwise, and keep their cause', () => {
    const cause = new Error('socket');
    const error = new here.OrchestratorError('INTERNAL', 'bug', { retryable: false, exitCode: 3, cause });
    expect(error).toMatchObject({ retryable: false, exitCode: 3, cause });
  });

  test('are known across two copies of the package', async () => {
    const other = (await import(`${new URL('../../src/errors.js', import.meta.url).href}?copy`)) as typeof here;
    expect(other.OrchestratorError).not.toBe(here.OrchestratorError);
    expect(here.isOrchestratorError(new other.OrchestratorError('BUG', 'x'))).toBe(true);
    expect(here.handlingKind(new other.FatalError('x'))).toBe('fatal');
  });

  test('other errors are none of ours', () => {
    expect(here.isOrchestratorError(new Error('x'))).toBe(false);
    expect(here.isOrchestratorError({ code: 'BUG' })).toBe(false);
    expect(here.handlingKind(new Error('x'))).toBeUndefined();
  });
});
