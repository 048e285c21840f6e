import { randomBytes } from 'node:crypto';
import { RELEASE_VARIABLES } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';
import { masterKey, startTestApi } from '../support/test-api.js';

onBothDatabases('secrets', (api, database) => {
  /** Every row of every table as text. */
  const dump = async () => {
    const tables = await database.sql<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const rows = await Promise.all(
      tables.map(({ name }) => database.sql<{ row: string }>(`select t::text as row from "${name}" t`)),
    );
    return rows.flat().map((one) => one.row);
  };

  test('a value goes in, only its reference comes out, and services resolve it', async () => {
    const [user, service] = [await api.user(), await api.service(['secret.resolve'])];
    const { id } = await user.createProject();
    const value = 'pässword ☃\n= "quoted"';
    const stored = await user.ok('PUT', `/projects/${id}/secrets/DB_URL`, { value });
    expect(stored).toEqual({ name: 'DB_URL', reference: `vault:project/${id}/DB_URL`, updated_at: stored.updated_at });
    await user.ok('PUT', `/projects/${id}/secrets/API_KEY`, { value: 'k' });
    const { items } = await user.ok('GET', `/projects/${id}/secrets`);
    expect(items.map((one: { name: string }) => one.name)).toEqual(['API_KEY', 'DB_URL']);
    expect(JSON.stringify(items)).not.toContain('pässword');
    const resolve = (reference: string) => service.ok('POST', '/secrets/resolve', { reference });
    expect(await resolve(stored.reference)).toEqual({ values: { DB_URL: value } });
    expect(await resolve(`vault:project/${id}`)).toEqual({ values: { API_KEY: 'k', DB_URL: value } });
    await user.ok('PUT', `/projects/${id}/secrets/API_KEY`, { value: 'k2' });
    expect(await resolve(`vault:project/${id}/API_KEY`)).toEqual({ values: { API_KEY: 'k2' } });
  });

  test('a deleted or unknown secret is not found', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const path = `/projects/${id}/secrets/GONE`;
    await user.ok('PUT', path, { value: 'x' });
    expect((await user.call('DELETE', path)).status).toBe(204);
    expect(await user.refused('DELETE', path)).toBe('404 NOT_FOUND');
    const refusal = (reference: string) => service.refused('POST', '/secrets/resolve', { reference });
    expect(await refusal(`vault:project/${id}/constructor`)).toBe('404 NOT_FOUND');
    expect(await refusal(`vault:project/${id}/GONE`)).toBe('404 NOT_FOUND');
    expect(await refusal('vault:project/proj_none')).toBe('404 PROJECT_NOT_FOUND');
    expect(await refusal('vault:platform/GITHUB')).toBe('404 NOT_FOUND');
    expect(await refusal('env:HOME')).toBe('400 VALIDATION_FAILED');
    expect(await refusal('hunter2')).toBe('400 VALIDATION_FAILED');
    expect(await service.ok('POST', '/secrets/resolve', { reference: `vault:project/${id}` })).toEqual({ values: {} });
    expect(await user.refused('POST', '/secrets/resolve', { reference: `vault:project/${id}` })).toBe('403 FORBIDDEN');
    expect(await user.refused('PUT', `/projects/${id}/secrets/no-dash`, { value: 'x' })).toBe('400 VALIDATION_FAILED');
    for (const name of [
      ...RELEASE_VARIABLES,
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'LD_LIBRARY_PATH',
      'BASH_ENV',
      'RELEASE_RUN_ID',
    ]) {
      expect(await user.refused('PUT', `/projects/${id}/secrets/${name}`, { value: 'x' })).toBe(
        '400 VALIDATION_FAILED',
      );
    }
    expect(await user.refused('PUT', path, { value: '' })).toBe('400 VALIDATION_FAILED');
  });

  test('a value that no environment can hold is refused, and not told', async () => {
    const user = await api.user();
    const { id } = await user.createProject();
    for (const value of ['hunter2\u0000b', 'hunter2\ud800b']) {
      const { status, body } = await user.call('PUT', `/projects/${id}/secrets/A`, { value });
      expect([status, body.code, body.errors]).toEqual([
        ...[400, 'VALIDATION_FAILED'],
        [{ path: 'value', message: 'holds a NUL character or a broken surrogate pair: remove it' }],
      ]);
      expect(JSON.stringify(body)).not.toContain('hunter2');
    }
    expect(await user.ok('GET', `/projects/${id}/secrets`)).toEqual({ items: [] });
  });

  test('neither a value nor an API key is anywhere in the database in clear', async () => {
    const user = await api.user();
    const { id } = await user.createProject();
    const value = `value-${randomBytes(16).toString('hex')}`;
    await user.ok('PUT', `/projects/${id}/secrets/A`, { value }, { key: 'with-a-key' });
    const rows = (await dump()).join('\n');
    expect(rows).toContain(id);
    for (const text of [value, (user.token as string).slice(13), (api.admin.token as string).slice(13)]) {
      const spellings = [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')];
      for (const spelling of spellings) expect(rows.includes(spelling)).toBe(false);
    }
  });

  test('a sealed value moved to another name or project does not open', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const [one, two] = [await user.createProject(), await user.createProject()];
    await user.ok('PUT', `/projects/${one.id}/secrets/A`, { value: 'mine' });
    await user.ok('PUT', `/projects/${two.id}/secrets/A`, { value: 'other' });
    await database.sql(
      `update secrets set sealed = (select sealed from secrets where project_id = $1) where project_id = $2`,
      [one.id, two.id],
    );
    const moved = { reference: `vault:project/${two.id}/A` };
    expect(await service.refused('POST', '/secrets/resolve', moved)).toBe('500 INTERNAL');
    expect(await service.ok('POST', '/secrets/resolve', { reference: `vault:project/${one.id}/A` })).toEqual({
      values: { A: 'mine' },
    });
  });

  test('the API does not start with another master key', async () => {
    await expect(startTestApi(database, { masterKey: randomBytes(32) })).rejects.toThrow(/put the old key back/);
    await (await startTestApi(database, { masterKey })).stop();
  });
});
