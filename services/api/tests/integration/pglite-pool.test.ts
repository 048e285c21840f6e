import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PglitePool } from '../../src/database/pglite-pool.js';
import { openTestDatabase, type TestDatabase } from '../support/test-api.js';

/** Both databases, asked the same question. */
let embedded: TestDatabase;
let server: TestDatabase;

beforeAll(async () => {
  [embedded, server] = await Promise.all([openTestDatabase('PGlite'), openTestDatabase('PostgreSQL')]);
});
afterAll(async () => {
  await Promise.all([embedded.close(), server.close()]);
});

async function both<T>(ask: (pool: pg.Pool) => Promise<T>): Promise<[T, T]> {
  return [await ask(embedded.pool as pg.Pool), await ask(server.pool as pg.Pool)];
}

describe('values are what pg makes of them', () => {
  const expressions = [
    ...[
      '1::int2',
      '1::int4',
      '9007199254740993::int8',
      '1.5::float4',
      '1.1::float8',
      '12345678901234567890.123::numeric',
    ],
    ...['true', 'null::int', "'text'::text", "'v'::varchar(5)", "'c'::char(3)", "'n'::name", "'\\xdeadbeef'::bytea"],
    ...[
      "'2026-01-10'::date",
      "'2026-01-10 12:00:00.123456'::timestamp",
      "'2026-01-10 12:00:00.123456+03'::timestamptz",
    ],
    ...[
      "'12:00:00'::time",
      "'1 day 02:03:04.5'::interval",
      "'{1,2,null}'::int[]",
      "'{1,2}'::int8[]",
      '\'{a,"b c"}\'::text[]',
    ],
    ...[
      '\'{"a": [1, null, "x"]}\'::json',
      '\'{"b": 2, "a": 1}\'::jsonb',
      'array[\'{"a":1}\'::jsonb]',
      "'(1,2)'::point",
    ],
    ...[
      "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
      "'{t,f}'::bool[]",
      "'127.0.0.1'::inet",
      'row(1, 2)',
      "''::text",
    ],
    ...["'infinity'::timestamptz", "'2026-01-10'::date + 1", 'array[now()] is not null', "'{1.5,NaN}'::float8[]"],
  ];

  test.each(expressions)('%s', async (expression) => {
    const [ours, theirs] = await both(async (pool) => (await pool.query(`select ${expression} as value`)).rows);
    expect(ours).toEqual(theirs);
    expect(typeof ours[0].value).toBe(typeof theirs[0].value);
  });

  const parameters: [string, unknown][] = [
    ['int', 5],
    ['int8', '9007199254740993'],
    ['int8', 9_007_199_254_740_993n],
    ['text', 'it\'s "quoted" \\ ☃ \n'],
    ['text', 'x'.repeat(2_000_000)],
    ['bool', true],
    ['float8', 1.25],
    ['numeric', 0.1],
    ['jsonb', { a: [1, { b: null }] }],
    ['json', JSON.stringify([1, 2])],
    ['timestamptz', new Date(1_700_000_000_123)],
    ['bytea', Buffer.from([0, 1, 255])],
    ['bytea', new Uint8Array([1, 2])],
    ['text[]', ['a', null, 'b "c", {d}']],
    ['int[]', [[1], [2]]],
    ['text', null],
    ['text', undefined],
  ];

  test.each(parameters)('a %s parameter of %o', async (type, value) => {
    const [ours, theirs] = await both(async (pool) => (await pool.query(`select $1::${type} as value`, [value])).rows);
    expect(ours).toEqual(theirs);
  });

  test('results carry the same command, count, fields and shape', async () => {
    const asked = async (pool: pg.Pool) => {
      const results = [];
      for (const text of [
        'create table shapes (id int primary key, name text)',
        "insert into shapes values (1, 'a'), (2, 'b') returning id",
        "update shapes set name = 'c' where id > 5",
        'select id, name, count(*) over () from shapes order by id',
        'delete from shapes where id = 1',
        '',
        'begin',
        'rollback',
        'drop table shapes',
      ]) {
        const { command, rowCount, rows, fields } = await pool.query(text);
        const types = fields.map((field) => [field.name, field.dataTypeID, field.format]);
        results.push({ command, rowCount, rows, types });
      }
      results.push((await pool.query({ text: 'select 1 as a, 2 as a', rowMode: 'array' })).rows);
      const several = (await pool.query('select 1 as x; select 2 as y')) as unknown as pg.QueryResult[];
      results.push(several.map((one) => one.rows));
      return results;
    };
    const [ours, theirs] = await both(asked);
    expect(ours).toEqual(theirs);
  });

  test('errors carry the same class, code, constraint and place', async () => {
    const failing = async (pool: pg.Pool) => {
      await pool.query('create table errs (id int primary key, n int not null check (n > 0))');
      const seen = [];
      for (const text of [
        'insert into errs values (1, null)',
        'insert into errs values (1, -1)',
        'select nope',
        'selec',
      ]) {
        const error = await pool.query(text).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(pg.DatabaseError);
        const { code, constraint, table, column, message, severity, position } = error as pg.DatabaseError;
        seen.push({ code, constraint, table, column, message, severity, position });
      }
      const refused = await pool.query('select $1::int', ['x']).catch((caught: unknown) => caught);
      seen.push({ code: (refused as pg.DatabaseError).code });
      await pool.query('drop table errs');
      return seen;
    };
    const [ours, theirs] = await both(failing);
    expect(ours).toEqual(theirs);
  });
});

describe('one session, taken in turns', () => {
  test('concurrent transactions do not interleave', async () => {
    const pool = embedded.pool as pg.Pool;
    await pool.query('create table turns (worker int, step int, at int generated always as identity)');
    await Promise.all(
      Array.from({ length: 10 }, async (_, worker) => {
        const client = await pool.connect();
        await client.query('begin');
        for (let step = 0; step < 3; step += 1) {
          await client.query('insert into turns values ($1, $2)', [worker, step]);
          await sleep(1);
        }
        await client.query(worker % 2 ? 'rollback' : 'commit');
        client.release();
      }),
    );
    const { rows } = await pool.query('select worker, step from turns order by at');
    const expected = [0, 2, 4, 6, 8].flatMap((worker) => [0, 1, 2].map((step) => ({ worker, step })));
    expect(rows).toEqual(expected);
  });

  test('a pool query outside waits for the transaction to end and sees it', async () => {
    const pool = embedded.pool as pg.Pool;
    await pool.query('create table seen (id int)');
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into seen values (1)');
    const counting = pool.query('select count(*)::int as count from seen');
    await sleep(50);
    await client.query('insert into seen values (2)');
    await client.query('commit');
    client.release();
    expect((await counting).rows).toEqual([{ count: 2 }]);
  });

  test('a client released inside a transaction is rolled back, also a failed one', async () => {
    const pool = embedded.pool as pg.Pool;
    await pool.query('create table dirty (id int primary key)');
    for (const last of ['insert into dirty values (1)', 'select nope']) {
      const client = await pool.connect();
      await client.query('begin');
      await client.query('insert into dirty values (0)');
      await client.query(last).catch(() => undefined);
      client.release();
      expect((await pool.query('select count(*)::int as n from dirty')).rows).toEqual([{ n: 0 }]);
    }
  });

  test('a released client is of no more use', async () => {
    const client = await (embedded.pool as pg.Pool).connect();
    client.release();
    await expect(client.query('select 1')).rejects.toThrow(/released/);
    expect(() => client.release()).toThrow(/already been released/);
  });

  test('queries that a client does not wait for run in order', async () => {
    const client = await (embedded.pool as pg.Pool).connect();
    const answers = [client.query('select 1 as n'), client.query('select nope'), client.query('select 3 as n')];
    const settled = await Promise.allSettled(answers);
    client.release();
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value.rows[0].n : 'failed'))).toEqual([
      1,
      'failed',
      3,
    ]);
  });

  test('waiting for oneself fails instead of hanging for ever', async () => {
    const never = {} as ConstructorParameters<typeof PglitePool>[0];
    const pool = new PglitePool(never, { acquireTimeoutMs: 50 });
    await pool.connect();
    await expect(pool.connect()).rejects.toThrow(/timeout exceeded/);
    expect(pool.waitingCount).toBe(0);
  });

  test("LangGraph's way of writing, a transaction of many statements beside plain reads, keeps whole states", async () => {
    const pool = embedded.pool as pg.Pool;
    await pool.query(
      'create schema flows; create table flows.states (thread text, part int, primary key (thread, part))',
    );
    const write = async (thread: string) => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        for (let part = 0; part < 5; part += 1) {
          await client.query('INSERT INTO flows.states VALUES ($1, $2) ON CONFLICT DO NOTHING', [thread, part]);
        }
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    };
    const read = async () => {
      const { rows } = await pool.query('select thread, count(*)::int as parts from flows.states group by thread');
      expect(rows.every((row) => row.parts === 5)).toBe(true);
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? read() : write(`t${i}`))));
  });
});

test('An embedded database that has trapped ends the process: what it would answer is a guess', async () => {
  const fixture = join(import.meta.dirname, '..', 'fixtures', 'broken-database.js');
  const ended = promisify(execFile)(process.execPath, [fixture]).catch((error: unknown) => error);
  expect(await ended).toMatchObject({
    code: 1,
    stdout: 'memory access out of bounds\n',
    stderr: expect.stringContaining('Error: the embedded database broke: memory access out of bounds'),
  });
});
