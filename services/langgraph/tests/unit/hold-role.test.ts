import { expect, it } from 'vitest';
import type { DatabasePool } from '../../src/engine/database/pool.js';
import { holdRole } from '../../src/engine/hold-role.js';

it('a role that breaks when it starts or stops is tried again, and the log names it', async () => {
  const logged: unknown[] = [];
  const log = (bindings: object, message: string) => void logged.push({ ...bindings, message });
  let starts = 0;
  const role = holdRole({
    pool: { query: async () => ({ rowCount: 1 }) } as unknown as DatabasePool,
    name: 'example',
    holder: 'one',
    leaseMs: 20,
    start: () => {
      starts += 1;
      if (starts < 3) throw new Error('a poisoned start');
      return { stop: () => Promise.reject(new Error('a poisoned stop')) };
    },
    logger: { debug: log, info: log, warn: log, error: log },
  });
  await expect.poll(() => starts).toBe(3);
  await role.stop();
  const broke = { role: 'example', error: 'Error: a poisoned start', message: 'a round of a role failed' };
  const stuck = { role: 'example', error: 'Error: a poisoned stop', message: 'a role did not end' };
  expect(logged).toEqual([broke, broke, stuck]);
});
