import { expect, test } from 'vitest';
import { expandScopes, holdsScope, roleScopes } from '../../src/scopes.js';

test('a scope is included by itself, by its topic, or by *', () => {
  for (const scopes of [['project.get'], ['project.*'], ['*'], ['task.get', 'project.*']]) {
    expect(holdsScope(scopes, 'project.get')).toBe(true);
  }
  expect(holdsScope(['auth.*'], 'auth.key.create')).toBe(true);
  expect(holdsScope(['diagnose.*'], 'diagnose')).toBe(true);
  for (const scopes of [[], ['project'], ['project.'], ['proj*'], ['projects.*'], ['project.get.x'], ['.*']]) {
    expect(holdsScope(scopes, 'project.get')).toBe(false);
  }
});

test('a role expands to its scopes in any letter case; other entries stay', () => {
  expect(expandScopes(['developer', 'deploy:start', 'task.get'])).toEqual([...roleScopes.DEVELOPER, 'deploy.start']);
  expect(expandScopes(['constructor', 'toString'])).toEqual(['constructor', 'toString']);
});

test('no role includes *, or scopes that create keys and users or read secrets', () => {
  for (const [role, scopes] of Object.entries(roleScopes)) {
    for (const wanted of ['*', 'auth.key.create', 'user.create', 'secret.resolve', 'secret.set']) {
      expect([role, wanted, holdsScope(scopes, wanted)]).toEqual([role, wanted, false]);
    }
  }
});
