import { expect, test } from 'vitest';
import { coversScopes } from '../../src/access.js';

test('scopes are covered when each of them, wildcards included, is held', () => {
  expect(coversScopes(['*'], ['*', 'project.*', 'x'])).toBe(true);
  expect(coversScopes(['project.*'], ['project.*', 'project.get'])).toBe(true);
  expect(coversScopes(['auth.*'], ['auth.key.*'])).toBe(true);
  expect(coversScopes(['project.get'], ['project.*'])).toBe(false);
  expect(coversScopes(['project.*'], ['*'])).toBe(false);
});
