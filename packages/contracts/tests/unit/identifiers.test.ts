import { describe, expect, test } from 'vitest';
import { identifier, makeId, projectName, workerIdFor } from '../../src/index.js';

describe('identifiers', () => {
  test('are a prefix and a UUIDv7 in hex', () => {
    expect(makeId('task')).toMatch(/^task_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });

  test('sort by creation time', () => {
    const ids = [1, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47].map((ms) => makeId('proj', ms));
    expect([...ids].sort()).toEqual(ids);
  });

  test('differ within a millisecond', () => {
    expect(new Set(Array.from({ length: 1000 }, () => makeId('key', 1))).size).toBe(1000);
  });

  test.each(['task_1', 'a', 'w-7d9f.x'])('%s is accepted', (text) => {
    expect(identifier.safeParse(text).success).toBe(true);
  });

  test.each(['', '../x', 'a/b', 'a?b', 'a#b', 'a%2e', '.hidden', 'a\nb', 'a..b', 'x'.repeat(129)])(
    '%j is rejected',
    (text) => {
      expect(identifier.safeParse(text).success).toBe(false);
    },
  );

  test('a worker is named after the request that created it', () => {
    expect(workerIdFor('c-1')).toBe('w-c-1');
  });
});

describe('project names', () => {
  test.each(['ab', 'todo-list', `a${'b'.repeat(38)}`])('%s is accepted', (name) => {
    expect(projectName.safeParse(name).success).toBe(true);
  });

  test.each(['a', '1ab', 'Todo', 'to do', 'todo_list', `a${'b'.repeat(39)}`, 'ab\n'])('%j is rejected', (name) => {
    expect(projectName.safeParse(name).success).toBe(false);
  });
});
