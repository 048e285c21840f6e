import { type ApiKey, type ServiceName, serviceNames, serviceScopes } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { makeApiKeySecret } from '../../src/auth.js';
import { type Seed, seedKeyOf, seedKeysOf } from '../../src/seed.js';
import { onBothDatabases } from '../support/both-databases.js';
import { Client, startTestApi } from '../support/test-api.js';

const newSecrets = () =>
  Object.fromEntries(serviceNames.map((name) => [name, makeApiKeySecret()])) as Record<ServiceName, string>;

onBothDatabases('a seed', (api, database) => {
  /** A start of another API on the same database. */
  const startWith = async (seed: Seed) => (await startTestApi(database, { seed })).stop();
  const keysBySeed = async () => {
    const { items } = await api.admin.ok('GET', '/api-keys?state=valid&limit=500');
    return (items as ApiKey[]).filter(({ name }) => name.startsWith('seed: '));
  };

  test('gives each service a key with exactly its scopes, made elsewhere; another seed ends the former', async () => {
    const secrets = newSecrets();
    const seed = { service_keys: seedKeysOf(secrets) };
    expect(JSON.stringify(seed)).not.toContain(secrets.langgraph.slice(13));
    for (let start = 1; start <= 2; start += 1) {
      await startWith(seed);
      for (const name of serviceNames) {
        const { key } = await new Client(api.url, secrets[name]).ok('GET', '/whoami');
        expect(key).toMatchObject({ role: 'service', scopes: serviceScopes[name], created_by: null });
      }
    }
    await database.sql(`update api_keys set scopes = '["outbox.read"]' where name = 'seed: langgraph'`);
    await startWith(seed);
    const langgraph = new Client(api.url, secrets.langgraph);
    expect((await langgraph.ok('GET', '/whoami')).key.scopes).toEqual(serviceScopes.langgraph);

    const next = { ...secrets, langgraph: makeApiKeySecret() };
    await startWith({ service_keys: seedKeysOf(next) });
    expect(await langgraph.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
    expect(await new Client(api.url, next.langgraph).ok('GET', '/whoami')).toBeTruthy();
    expect(await keysBySeed()).toHaveLength(serviceNames.length);
  });

  test('gives a revoked key no new life, and takes no other key for its own', async () => {
    const secrets = newSecrets();
    await startWith({ service_keys: seedKeysOf(secrets) });
    const scheduler = (await keysBySeed()).find(({ name }) => name === 'seed: scheduler');
    await api.admin.ok('DELETE', `/api-keys/${scheduler?.id}`);
    await startWith({ service_keys: seedKeysOf(secrets) });
    expect(await new Client(api.url, secrets.scheduler).refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');

    const { secret } = await api.admin.ok('POST', '/api-keys', { name: 'mine', role: 'service' });
    const stolen = { service_keys: seedKeysOf({ ...secrets, langgraph: secret }) };
    await expect(startWith(stolen)).rejects.toThrow(/another API key has the prefix/);
  });

  test('is worth as much when the administrator who owns its keys is disabled, also to a poll', async () => {
    const langgraph = makeApiKeySecret();
    await startWith({ service_keys: { langgraph: seedKeyOf(langgraph) } });
    const service = new Client(api.url, langgraph);
    const owner = (await service.ok('GET', '/whoami')).user.id;
    const { id } = await api.admin.ok('POST', '/users', { name: 'boss', is_admin: true });
    const { secret } = await api.admin.ok('POST', '/api-keys', { name: 'boss', role: 'admin', user_id: id });
    const boss = new Client(api.url, secret);
    const made = await api.admin.ok('POST', '/api-keys', { name: 'made', role: 'service' });
    const { task } = await boss.startEngineering((await boss.createProject()).id);
    await boss.ok('POST', `/users/${owner}/disable`);
    try {
      const { last_seq } = await service.ok('GET', `/tasks/${task.id}/events`);
      const poll = await service.call('GET', `/tasks/${task.id}/events?since=${last_seq}&wait_ms=2500`);
      expect([poll.status, poll.body.items]).toEqual([200, []]);
      expect(await new Client(api.url, made.secret).refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
    } finally {
      await boss.ok('POST', `/users/${owner}/enable`);
    }
  });

  test('adds a server that is not there, and leaves one alone that is', async () => {
    const seed = { servers: { box: { ip: '10.0.0.1', port_from: 20_000, port_to: 20_099 } } };
    await startWith(seed);
    const server = async () => {
      const { items } = await api.admin.ok('GET', '/servers');
      return items.find(({ handle }: { handle: string }) => handle === 'box');
    };
    expect(await server()).toMatchObject({ ...seed.servers.box, status: 'active' });
    await api.admin.ok('PUT', '/servers/box', { ip: '10.0.0.2' });
    await startWith(seed);
    expect(await server()).toMatchObject({ ip: '10.0.0.2' });
  });
});
