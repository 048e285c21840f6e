import { expect, test } from 'vitest';
import { hashSecret, makeApiKeySecret, prefixOf } from '../../src/auth.js';
import { initial } from '../../src/migrations/001-initial.js';
import { correlationIndex } from '../../src/migrations/002-correlation-index.js';
import { Client, openTestDatabase, startTestApi } from '../support/test-api.js';

test('a database of before keys knew their maker keeps its keys, and no answer that held a secret', async () => {
  const database = await openTestDatabase('PostgreSQL');
  const secret = makeApiKeySecret();
  for (const statements of [initial, correlationIndex]) await database.pool.query(statements);
  await database.sql('create table api_migrations (name text primary key, applied_at timestamptz default now())');
  await database.sql(`insert into api_migrations (name) values ('001-initial'), ('002-correlation-index')`);
  await database.sql(`insert into users (id, name) values ('user_1', 'Ann')`);
  await database.sql(
    `insert into api_keys (id, user_id, name, prefix, secret_hash, role, scopes)
     values ('key_1', 'user_1', 'old', $1, $2, 'user', '["*", "no.such.scope"]')`,
    [prefixOf(secret), hashSecret(secret)],
  );
  await database.sql(
    `insert into idempotency_keys (user_id, route, key, request_hash, sealed_response)
     values ('user_1', 'POST /api-keys', 'mk', 'x', 'sealed')`,
  );
  await database.sql(
    `insert into projects (id, name, owner_id, status, modules, repository_url)
     values ('proj_1', 'at-rest', 'user_1', 'testing', '[]', null),
       ('proj_2', 'at-work', 'user_1', 'testing', '[]', 'file:///data/my%20repos/local/proj_2.git')`,
  );
  await database.sql(
    `insert into tasks (id, project_id, owner_id, type, status, request_id, correlation_id, message)
     values ('task_2', 'proj_2', 'user_1', 'engineering', 'running', 'r', 'c', '{}')`,
  );
  const first = await startTestApi(database);
  expect(await database.sql('select id, status from projects order by id')).toEqual([
    { id: 'proj_1', status: 'built' },
    { id: 'proj_2', status: 'testing' },
  ]);
  const ann = new Client(first.url, secret, 'user_1');
  expect((await ann.ok('GET', '/whoami')).key).toMatchObject({ id: 'key_1', created_by: null });
  const { repository_url, repository } = await ann.ok('GET', '/projects/proj_2');
  expect(repository_url).toBe('file:///data/my%20repos/local/proj_2.git');
  expect(repository).toEqual({ full_name: 'local/proj_2', clone_url: 'local/proj_2.git', credential_ref: 'none:' });
  expect((await ann.ok('GET', '/projects/proj_1')).repository).toBeNull();
  expect(await database.sql('select key from idempotency_keys')).toEqual([]);
  const child = await ann.ok('POST', '/api-keys', { name: 'child' }, { key: 'mk' });
  const guest = await first.user();
  await first.stop();

  // Another admin token takes the place of the first and ends nothing that it made.
  const second = await startTestApi(database);
  for (const token of [child.secret, guest.token]) {
    expect((await new Client(second.url, token).call('GET', '/whoami')).status).toBe(200);
  }
  const { key } = await new Client(second.url, first.admin.token).ok('GET', '/whoami');
  await second.admin.ok('DELETE', `/api-keys/${key.id}`);
  expect(await new Client(second.url, guest.token).refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
  expect((await new Client(second.url, child.secret).call('GET', '/whoami')).status).toBe(200);
  await second.stop();
  await database.close();
});
