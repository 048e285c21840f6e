import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fairPool, onBehalfOf } from '../../src/database/fair-pool.js';
import { openTestDatabase, type TestDatabase } from '../support/test-api.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase('PGlite');
});
afterAll(() => database.close());

/** Asks the database once on behalf of somebody, and notes that in `order` when it is answered. */
function asking(patienceMs = 30_000) {
  const pool = fairPool(database.pool, { sessions: 1, patienceMs });
  const order: string[] = [];
  const ask = (who: string) =>
    onBehalfOf(who, async () => {
      const client = await pool.connect();
      try {
        await client.query('select 1');
      } finally {
        client.release();
      }
      order.push(who);
    });
  return { ask, order, pool };
}

test('whoever asks once waits for one turn of each other, not for all that these have asked', async () => {
  const { ask, order } = asking();
  const much = Array.from({ length: 200 }, () => ask('much'));
  const some = Array.from({ length: 20 }, () => ask('some'));
  await Promise.all([...much, ...some, ask('once')]);
  expect(order.indexOf('once')).toBeLessThanOrEqual(4);
  expect(order.lastIndexOf('some')).toBeLessThan(50);
  expect(order).toHaveLength(221);
});

test('while hundreds of waits end at one moment, the process hears what else comes in', async () => {
  const { ask, order } = asking();
  const waits = Array.from({ length: 300 }, () => sleep(50).then(() => ask('much')));
  const file = sleep(50)
    .then(() => stat('.'))
    .then(() => order.push('file'));
  await Promise.all([...waits, file]);
  expect(order.indexOf('file')).toBeLessThan(150);
});

test('a turn that does not come in time fails, and leaves the others theirs', async () => {
  const { ask, order, pool } = asking(100);
  const holder = await pool.connect();
  await expect(ask('late')).rejects.toThrow('timeout exceeded when trying to connect');
  const next = ask('next');
  holder.release();
  await next;
  expect(order).toEqual(['next']);
});
