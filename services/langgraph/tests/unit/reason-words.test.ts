import { turnFailureReason } from '@codegen/contracts';
import { expect, it } from 'vitest';
import { reasonInWords } from '../../src/engine/reason-words.js';

it('says a reason in words, one it does not know too', () => {
  expect(reasonInWords('tests_failed')).toBe('the tests do not pass');
  expect(reasonInWords('disk_full')).toBe('disk full');
});

it.each(turnFailureReason.options)('has short words for %s', (reason) => {
  expect(reasonInWords(reason)).toMatch(/^[^_\n]{1,50}$/);
});
