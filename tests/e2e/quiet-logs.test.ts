import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../support/start-postgres.js';
import { waitFor } from '../support/wait-for.js';
import { startServices } from './support/system.js';

const AWAY_MS = 20_000;
/** Whatever else a service says while something is away, such as of work that goes on. */
const MOST_LINES = 12;
/** An outage is told once in this time. */
const TELL_EVERY_MS = 60_000;

interface Line {
  level: number;
  msg: string;
  task_id?: string;
  correlation_id?: string;
}

describe('the log of each service', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let system: Awaited<ReturnType<typeof startServices>>;
  let names: string[];
  let apiToldMs = 0;

  beforeAll(async () => {
    postgres = await startPostgres();
    system = await startServices(postgres.url, { agent: 'demo', langgraphs: 1 });
    names = [...system.logs.keys()];
    for (const name of ['todo-api', 'shop']) await system.cli(['project', 'create', name]);
  }, 120_000);
  afterAll(async () => {
    await system.stop();
    await postgres.stop();
    await postgres.remove();
  });

  const start = async (what: string, project: string, ...args: string[]): Promise<string> =>
    (await system.cli([what, 'start', '--project', project, ...args, '--json'])).json().data.id;
  const ended = (id: string) => system.cli(['task', 'watch', id]);
  const texts = (lines: Line[]) => lines.map(({ msg }) => msg).sort();
  // Each test has what was said since the one before: what comes late is one line too many there.
  const heard = new Map<string, number>();
  const linesSinceThen = (): Record<string, Line[]> =>
    Object.fromEntries(
      [...system.logs].map(([name, lines]) => [name, lines.slice(heard.get(name)).map((line) => JSON.parse(line))]),
    );
  const outageLines = () =>
    Object.fromEntries(
      Object.entries(linesSinceThen()).map(([name, said]) => [
        name,
        texts(said.filter(({ msg }) => /is (still )?away|is back/.test(msg))),
      ]),
    );
  const forget = () => {
    for (const [name, lines] of system.logs) heard.set(name, lines.length);
  };
  /** Something goes, stays away and comes back: each service tells what is expected of it, and little else. */
  const expectDuring = async (
    go: () => Promise<unknown>,
    comeBack: () => Promise<unknown>,
    expected: (name: string) => string[],
  ) => {
    await go();
    await sleep(AWAY_MS);
    await comeBack();
    const all = Object.fromEntries(names.map((name) => [name, expected(name).sort()]));
    await waitFor('every service to tell', () => isDeepStrictEqual(outageLines(), all), { timeoutMs: 30_000 }).catch(
      () => undefined,
    );
    expect(outageLines()).toEqual(all);
    for (const [name, said] of Object.entries(linesSinceThen()))
      expect(said.length, `${name}: ${texts(said)}`).toBeLessThan(MOST_LINES);
    forget();
  };
  const outageOf = (what: string) => [`${what} is away, trying again`, `${what} is back`];

  test('tells PostgreSQL being away in a line when it goes and one when it is back, with a task in hand', async () => {
    const task = await start('engineering', 'todo-api', '--spec', 'A list of todos');
    await waitFor('a worker', () => system.logs.get('langgraph-0')?.length);
    forget();
    await expectDuring(postgres.stop, postgres.start, (name) => {
      if (name === 'api') return outageOf('the database');
      return [...outageOf('the API'), ...(name === 'langgraph-0' ? outageOf('the database') : [])];
    });
    apiToldMs = performance.now();
    await ended(task);
  }, 240_000);

  test('tells Redis being away in two lines', async () => {
    await expectDuring(system.redis.kill, system.redis.restart, (name) => (name === 'api' ? [] : outageOf('Redis')));
  }, 180_000);

  test('has a line with task and correlation id at the end of what the service did for a task', async () => {
    const engineering = await start('engineering', 'shop', '--spec', 'A list of wares');
    await ended(engineering);
    const deploy = await start('deploy', 'shop');
    await ended(deploy);
    await sleep(1000);
    const lines = linesSinceThen();
    expect(outageLines()).toEqual(Object.fromEntries(names.map((name) => [name, []])));
    const about = (name: string, id: string) =>
      (lines[name] ?? []).filter((line) => line.task_id === id && line.level === 30);
    const correlation = about('api', engineering)[0]?.correlation_id;
    expect(correlation).toMatch(/./);
    expect(texts(about('api', engineering))).toEqual(['task ended']);
    expect(texts(about('langgraph-0', engineering))).toEqual(['task ended']);
    expect(texts(about('scaffolder', engineering))).toEqual(['merge ended', 'scaffolding ended']);
    // One that wrote and one that tested.
    expect(texts(about('worker-manager', engineering))).toEqual(['worker deleted', 'worker deleted']);
    expect(texts(about('api', deploy))).toEqual(['task ended']);
    expect(texts(about('langgraph-0', deploy))).toEqual(['task ended']);
    expect(texts(about('infra-service', deploy))).toEqual(['deploy ended']);
    for (const name of names) {
      for (const line of about(name, engineering)) expect(line).toMatchObject({ correlation_id: correlation });
    }
  }, 180_000);

  test('tells the API being away in two lines', async () => {
    // What goes again within a minute is not told again: the API was away with PostgreSQL.
    await sleep(Math.max(0, apiToldMs + TELL_EVERY_MS - performance.now()));
    const api = system.processes.get('api');
    await expectDuring(
      async () => api?.kill('SIGSTOP'),
      async () => api?.kill('SIGCONT'),
      (name) => (name === 'api' ? [] : outageOf('the API')),
    );
  }, 180_000);
});
