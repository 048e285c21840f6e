import { expect, test } from 'vitest';
import { coversScopes, holdsScope } from '../../src/access.js';

test('a scope is held exactly, through its topic, or through *', () => {
  expect(holdsScope(['project.get'], 'project.get')).toBe(true);
  expect(holdsScope(['project.*'], 'project.get')).toBe(true);
  expect(holdsScope(['auth.*'], 'auth.key.create')).toBe(true);
  expect(holdsScope(['*'], 'anything')).toBe(true);
  for (const scopes of [[], ['project'], ['project.'], ['proj*'], ['projects.*'], ['project.get.x'], ['.*']]) {
    expect(holdsScope(scopes, 'project.get')).toBe(false);
  }
});

test('scopes are covered when each of them, wildcards included, is held', () => {
  expect(coversScopes(['*'], ['*', 'project.*', 'x'])).toBe(true);
  expect(coversScopes(['project.*'], ['project.*', 'project.get'])).toBe(true);
  expect(coversScopes(['auth.*'], ['auth.key.*'])).toBe(true);
  expect(coversScopes(['project.get'], ['project.*'])).toBe(false);
  expect(coversScopes(['project.*'], ['*'])).toBe(false);
});
