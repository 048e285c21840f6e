import { expect, it } from 'vitest';
import { parseStat } from '../../src/processes/parse-stat.js';

const stat = (name: string, state: string) =>
  `41 (${name}) ${state} 7 40 39 34816 40 4194304 100 0 0 0 1 2 0 0 20 0 1 0 123456 8192 50 18446744073709551615 0`;

it('reads a line of /proc/<pid>/stat, whatever the command is called', () => {
  for (const name of ['sleep', 'a b', 'x) Z 1 1 1', '((', '']) {
    expect(parseStat(stat(name, 'S'))).toEqual({ state: 'S', parent: 7, group: 40, session: 39, startTime: '123456' });
  }
});

it('takes a zombie, a dead process and a line that is cut off for none', () => {
  for (const text of [stat('sleep', 'Z'), stat('sleep', 'X'), '', '41 (sleep) S 7 40']) {
    expect(parseStat(text)).toBeUndefined();
  }
});
