import { expect, test } from 'vitest';
import { unmergedPaths } from '../../src/read-index.js';

function entry(stage: number, path: string, size = 1): Buffer {
  const fixed = Buffer.alloc(62);
  fixed.writeUInt16BE(stage << 12, 60);
  // Version 4: nothing is cut off the path before.
  return Buffer.concat([fixed, Buffer.from([0]), Buffer.alloc(size, path), Buffer.from([0])]);
}

function index(entries: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(12);
  header.write('DIRC');
  header.writeUInt32BE(4, 4);
  header.writeUInt32BE(entries.length, 8);
  return Buffer.concat([header, ...entries]);
}

test('reads shared prefixes, and conflicts in which one side has the file', () => {
  expect(unmergedPaths(index([entry(0, 'a'), entry(2, 'b'), entry(1, 'c')]))).toEqual(
    new Map([
      ['ab', false],
      ['abc', false],
    ]),
  );
});

test('a hostile index costs no more than its size', () => {
  const short = entry(2, 'b');
  const many = Array.from({ length: 300_000 }, () => short);
  expect(unmergedPaths(index([entry(0, 'a', 1024 * 1024), ...many])).size).toBe(0);
  expect(unmergedPaths(index(many)).size).toBeLessThanOrEqual(10_001);
});
