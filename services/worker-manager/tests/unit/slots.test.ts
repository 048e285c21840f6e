import { describe, expect, it } from 'vitest';
import { nextToStart } from '../../src/slots.js';
import type { WorkerRecord } from '../../src/worker-records.js';

const record = (worker_id: string, state: WorkerRecord['state'], entry_id = '1-0'): WorkerRecord => ({
  worker_id,
  request_id: worker_id,
  state,
  entry_id,
  config: { name: 'n', agent: 'custom', capabilities: [], env_vars: {}, mount_session_volume: false },
  context: {},
});
const tester = (worker_id: string, state: WorkerRecord['state'], entry_id = '1-0'): WorkerRecord => {
  const written = record(worker_id, state, entry_id);
  return { ...written, config: { ...written.config, repo: { repo_full_name: 'a/b', ref: 'c', read_only: true } } };
};
const names = (records: WorkerRecord[]) => records.map(({ worker_id }) => worker_id);

describe('nextToStart', () => {
  it('goes by the order of the commands, not by the letters of their entry ids', () => {
    const waiting = [record('c', 'queued', '100-10'), record('b', 'queued', '100-9'), record('a', 'queued', '99-11')];
    expect(names(nextToStart(waiting, 8))).toEqual(['a', 'b', 'c']);
  });

  it('counts starting and running workers, not lost ones', () => {
    const records = [
      record('a', 'running'),
      record('b', 'starting'),
      record('c', 'lost'),
      record('d', 'queued', '1-0'),
      record('e', 'queued', '2-0'),
    ];
    expect(names(nextToStart(records, 3))).toEqual(['d']);
    expect(nextToStart(records, 2)).toEqual([]);
    expect(nextToStart(records, 1)).toEqual([]);
  });

  it('counts a slot that is being filled once', () => {
    const records = [record('a', 'queued', '1-0'), record('b', 'queued', '2-0'), record('c', 'starting', '3-0')];
    expect(names(nextToStart(records, 3, new Set(['a', 'c'])))).toEqual(['b']);
    expect(nextToStart(records, 2, new Set(['a', 'c']))).toEqual([]);
  });

  it('starts a tester while developers that wait for theirs hold every slot', () => {
    expect(names(nextToStart([record('dev', 'running'), tester('test', 'queued', '2-0')], 1))).toEqual(['test']);
  });

  it('lets neither developers nor testers starve the others', () => {
    const records = [
      record('dev-1', 'running'),
      record('dev-2', 'running'),
      record('dev-3', 'queued', '3-0'),
      tester('test-1', 'queued', '4-0'),
      tester('test-2', 'queued', '5-0'),
      tester('test-3', 'queued', '6-0'),
    ];
    expect(names(nextToStart(records, 2))).toEqual(['test-1', 'test-2']);
    expect(names(nextToStart(records, 2, new Set(['test-1', 'test-2'])))).toEqual([]);
    const oneDone = records.filter(({ worker_id }) => worker_id !== 'dev-1');
    expect(names(nextToStart(oneDone, 2, new Set(['test-1', 'test-2'])))).toEqual(['dev-3']);
  });
});
