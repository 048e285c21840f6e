import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

onBothDatabases('services', (api, database) => {
  test('give signs of life, are silent without them, and are forgotten after a day', async () => {
    const service = await api.service(['task.claim']);
    const sign = (path: string, version = '1.0.0') => service.ok('PUT', `/services/${path}`, { version });
    await sign('scheduler/a');
    expect(await sign('scheduler/a', '1.1.0')).toMatchObject({ version: '1.1.0', state: 'alive' });
    await sign('langgraph/b');
    const age = (instance: string, by: string) =>
      database.sql(`update services set seen_at = now() - $2::interval where instance = $1`, [instance, by]);
    await age('b', '31 seconds');
    const states = async () => {
      const { items } = await (await api.user({ scopes: ['diagnose.services'] })).ok('GET', '/services');
      return items.map(({ name, instance, state }: Record<string, string>) => `${name}/${instance} ${state}`);
    };
    expect(await states()).toEqual(['langgraph/b silent', 'scheduler/a alive']);
    await age('a', '25 hours');
    expect(await states()).toEqual(['langgraph/b silent']);
    await sign('langgraph/b');
    expect(await states()).toEqual(['langgraph/b alive']);
    expect(await database.sql('select instance from services')).toEqual([{ instance: 'b' }]);
  });

  test('are those that there are, and give their signs themselves', async () => {
    const version = { version: '1' };
    const service = await api.service();
    expect(await service.refused('PUT', '/services/parrot/a', version)).toBe('400 VALIDATION_FAILED');
    expect(await service.refused('PUT', '/services/scheduler/a..b', version)).toBe('400 VALIDATION_FAILED');
    expect(await (await api.user()).refused('PUT', '/services/scheduler/a', version)).toBe('403 FORBIDDEN');
  });
});
