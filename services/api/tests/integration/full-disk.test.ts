import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, test } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { createDatabase } from '../../../../tests/support/postgres.js';
import { smallDisk } from '../../../../tests/support/small-disk.js';
import { makeApiKeySecret } from '../../src/auth.js';
import { startApi } from '../../src/start-api.js';
import { Client, masterKey } from '../support/test-api.js';

test.runIf(canMount)('a full disk of PostgreSQL is told as that, for a while, and as nobody else', async () => {
  const disk = await smallDisk(64, { owner: 'postgres' });
  const { url, drop } = await createDatabase();
  const space = `space_${randomUUID().replaceAll('-', '')}`;
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(`create tablespace ${space} location '${disk.path}'`);
  await sql.query(`alter database "${new URL(url).pathname.slice(1)}" set default_tablespace = ${space}`);
  const adminToken = makeApiKeySecret();
  const errors: string[] = [];
  const nothing = () => undefined;
  const error = (_: object, text: string) => errors.push(text);
  const logger = { debug: nothing, info: nothing, warn: nothing, error };
  const api = await startApi({ host: '127.0.0.1', port: 0, database: { url }, adminToken, masterKey, logger });
  try {
    const admin = new Client(api.url, adminToken);
    const { id } = await admin.createProject('before');
    await disk.fill();
    const start = (spec: string) => admin.call('POST', '/tasks', { type: 'engineering', project: id, spec });
    // Random, so that it is not made small; more than what the tables have left.
    const refused = await start(Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('hex'));
    expect(refused).toMatchObject({ status: 503, body: { code: 'DISK_FULL', retryable: true } });
    expect(refused.body.detail).toContain('the disk of the database is full: make room there');
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(errors).toEqual(['the disk of the database is full']);
    expect((await admin.call('GET', `/projects/${id}`)).status).toBe(200);
    await disk.makeRoom();
    expect((await start('x')).status).toBe(201);
  } finally {
    await api.stop();
    await sql.end();
    await drop();
    const cluster = new pg.Client({ connectionString: new URL('/postgres', url).href });
    await cluster.connect();
    await cluster.query(`drop tablespace ${space}`);
    await cluster.end();
    await disk.remove();
  }
});
