import { expect, test } from 'vitest';
import { expandScopes, holdsScope, roleScopes } from '../../src/scopes.js';

test('a scope is held exactly, through its topic, or through *', () => {
  for (const scopes of [['project.get'], ['project.*'], ['*'], ['task.get', 'project.*']]) {
    expect(holdsScope(scopes, 'project.get')).toBe(true);
  }
  expect(holdsScope(['auth.*'], 'auth.key.create')).toBe(true);
  expect(holdsScope(['diagnose.*'], 'diagnose')).toBe(true);
  for (const scopes of [[], ['project'], ['project.'], ['proj*'], ['projects.*'], ['project.get.x'], ['.*']]) {
    expect(holdsScope(scopes, 'project.get')).toBe(false);
  }
});

test('a role stands for what it may do, whatever its case; other entries stand for themselves', () => {
  expect(expandScopes(['developer', 'deploy:start', 'task.get'])).toEqual([...roleScopes.DEVELOPER, 'deploy.start']);
  expect(expandScopes(['constructor', 'toString'])).toEqual(['constructor', 'toString']);
});

test('no role holds everything, or what makes keys and users, or opens secrets', () => {
  for (const [role, scopes] of Object.entries(roleScopes)) {
    for (const wanted of ['*', 'auth.key.create', 'user.create', 'secret.resolve', 'secret.set']) {
      expect([role, wanted, holdsScope(scopes, wanted)]).toEqual([role, wanted, false]);
    }
  }
});
