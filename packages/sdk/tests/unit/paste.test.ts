import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paste } from '../../src/errors.js';

it('a pasted value is one word to the shell, whatever is in it', () => {
  const nasty = fc.constantFrom(
    '$(id)',
    '`id`',
    "'",
    '"',
    ';',
    '|',
    '&',
    '>',
    '*',
    '\\',
    '~',
    ' ',
    '\n',
    '\u001b[2J',
    '#',
    '!',
    '$HOME',
    '{a,b}',
  );
  const texts = fc.array(fc.oneof(nasty, fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(texts, (parts) => {
      const line = paste`printf '%s\\n' ${parts.join('')} end`;
      const [, end, ...rest] = execFileSync('bash', ['-c', line], { encoding: 'utf8' }).split('\n');
      expect([end, rest]).toEqual(['end', ['']]);
    }),
    { numRuns: 40 },
  );
});

it('a plain value stays as it is, and none becomes a flag', () => {
  expect(paste`orchestrator task get ${'task_0198'} --since ${7}`).toBe('orchestrator task get task_0198 --since 7');
  expect(paste`orchestrator project get ${'--force'}`).toBe('orchestrator project get force');
  expect(paste`orchestrator project get ${"it's"}`).toBe("orchestrator project get 'it'\\''s'");
});
