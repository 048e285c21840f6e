import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Backend, openTestDatabase, startTestApi, type TestApi, type TestDatabase } from './test-api.js';

/**
 * Runs the same cases against an API on PGlite and one on PostgreSQL, both real, and checks that it did.
 * The suite gets live views: their properties are there once its tests run.
 */
export function onBothDatabases(title: string, suite: (api: TestApi, database: TestDatabase) => void): void {
  const ran: Record<Backend, string[]> = { PGlite: [], PostgreSQL: [] };
  describe.each(['PGlite', 'PostgreSQL'] as const)(`${title} (%s)`, (backend) => {
    const api = {} as TestApi;
    const database = {} as TestDatabase;
    beforeAll(async () => {
      Object.assign(database, await openTestDatabase(backend));
      Object.assign(api, await startTestApi(database));
    });
    afterAll(async () => {
      await api.stop();
      await database.close();
    });
    beforeEach(({ task }) => void ran[backend].push(task.name));
    suite(api, database);
  });

  test(`${title}: both databases ran the same cases`, () => {
    console.info(`${title}: ${ran.PGlite.length} cases on PGlite, ${ran.PostgreSQL.length} on PostgreSQL`);
    expect(ran.PGlite.length).toBeGreaterThan(0);
    expect(ran.PGlite).toEqual(ran.PostgreSQL);
  });
}
