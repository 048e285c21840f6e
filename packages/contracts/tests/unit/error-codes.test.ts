import { describe, expect, test } from 'vitest';
import { type ErrorCodeInfo, errorCodes } from '../../src/index.js';

const codes = Object.entries(errorCodes) as [string, ErrorCodeInfo][];

describe('error codes', () => {
  test.each(codes)('%s has a status and an exit code that a shell knows', (name, { status, exitCode }) => {
    expect(name).toMatch(/^[A-Z][A-Z_]+$/);
    expect(status === 0 || (status >= 400 && status < 600)).toBe(true);
    expect(exitCode > 0 && exitCode < 256).toBe(true);
  });

  test('retryable codes exit with 75, except internal errors', () => {
    const others = codes.filter(([, { retryable, exitCode }]) => retryable !== (exitCode === 75)).map(([name]) => name);
    expect(others).toEqual(['INTERNAL']);
  });
});
