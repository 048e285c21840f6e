import { MAX_SPEC_BYTES } from '@codegen/contracts';
import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../src/handles/check-spec.js';

describe('a spec', () => {
  it('passes unchanged: line ends, spaces, byte order mark', () => {
    const spec = '\uFEFF  one\r\ntwo\n\n ';

    expect(checkSpec(spec)).toBe(spec);
  });

  it('may be exactly as large as allowed, in bytes and not in characters', () => {
    expect(() => checkSpec('a'.repeat(MAX_SPEC_BYTES))).not.toThrow();
    expect(() => checkSpec('ж'.repeat(MAX_SPEC_BYTES / 2))).not.toThrow();
    expect(() => checkSpec('a'.repeat(MAX_SPEC_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'SPEC_TOO_LARGE', exitCode: 2 }),
    );
    expect(() => checkSpec(`${'ж'.repeat(MAX_SPEC_BYTES / 2)}a`)).toThrow(
      expect.objectContaining({ code: 'SPEC_TOO_LARGE' }),
    );
  });

  it('is refused when it says nothing, or holds NUL', () => {
    expect(() => checkSpec(' \r\n\t')).toThrow(expect.objectContaining({ code: 'SPEC_EMPTY', exitCode: 2 }));
    expect(() => checkSpec('a\0b')).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});
