import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { forgetClocks, hasFaketime, wrongClock } from '../../../../tests/support/faketime.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type Bench, type ConsumerProcess, openBench, STREAM } from '../bench.js';

const LEASE_MS = 1000;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
const pids: (number | undefined)[] = [];
afterEach(async () => {
  await bench.reset();
  forgetClocks(pids.splice(0));
});
afterAll(() => bench.close());

describe.skipIf(!hasFaketime)('consumers whose clocks are 10 minutes wrong (skipped without libfaketime)', () => {
  const clocks = { ahead: 10, behind: -10, right: 0 };
  const start = async (mode: string, names: (keyof typeof clocks)[]): Promise<ConsumerProcess[]> => {
    const started = names.map((name) => {
      const env = clocks[name] === 0 ? {} : wrongClock(clocks[name]);
      return bench.consumeInProcess(mode, { consumer: name, leaseMs: LEASE_MS, env });
    });
    pids.push(...started.map((one) => one.child.pid));
    await Promise.all(started.map((one) => one.said('ready')));
    return started;
  };
  const drained = async () => (await bench.redis.xlen(STREAM)) === 0;

  test('keep their leases beside each other, steal none and drop nothing', async () => {
    const started = await start('hold', ['ahead', 'behind', 'right']);
    for (const id of ['1', '2', '3', '4', '5', '6']) await bench.add(id);
    await waitFor('the end', drained, { timeoutMs: 20_000 });

    expect(await bench.redis.hgetall('handled')).toEqual({ 1: '1', 2: '1', 3: '1', 4: '1', 5: '1', 6: '1' });
    const said = (text: string) => started.map((one) => one.lines.includes(text));
    // Each of them had work, and the clock that it should have.
    expect([said('clock 10'), said('clock -10'), said('clock 0')]).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    const takeovers = started.flatMap((one) => one.lines.filter((line) => line.includes('taken over')));
    expect(takeovers).toEqual([]);
    expect(await bench.deadLetters()).toEqual([]);
  });

  test('put a message aside for as long as it should be, whoever puts it back', async () => {
    await start('fail', ['ahead', 'behind']);
    const ids = ['1', '2', '3', '4'];
    for (const id of ids) await bench.add(id);
    const lengths = () => Promise.all(ids.map((id) => bench.redis.llen(`tries:${id}`)));
    await waitFor('the end', async () => (await lengths()).every((length) => length === 3) && (await drained()));

    for (const id of ids) {
      const times = (await bench.redis.lrange(`tries:${id}`, 0, -1)).map(Number) as [number, number, number];
      for (const pause of [times[1] - times[0], times[2] - times[1]]) {
        expect(pause).toBeGreaterThan(280);
        expect(pause).toBeLessThan(4000);
      }
    }
  });

  test('take over from the dead, and only from them', async () => {
    const [dying] = await start('hang', ['right']);
    await bench.add('one');
    await dying?.said('started one');
    const peers = await start('hold', ['ahead', 'behind']);
    await sleep(LEASE_MS * 2);
    expect(peers.flatMap((one) => one.lines.filter((line) => line.startsWith('started')))).toEqual([]);
    await dying?.kill();
    await waitFor('the takeover', () => peers.some((one) => one.lines.includes('started one')), { timeoutMs: 3000 });
    await waitFor('the end', drained);
    expect(await bench.redis.hgetall('handled')).toEqual({ one: '1' });
  });
});
