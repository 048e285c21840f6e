import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../support/start-postgres.js';
import { waitFor } from '../support/wait-for.js';
import { startServices } from './support/system.js';

const AWAY_MS = 20_000;
/** Whatever else a service says while something is away, such as of work that goes on. */
const MOST_LINES = 12;

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
  const linesSince = async (work: () => Promise<unknown>): Promise<Record<string, Line[]>> => {
    const before = new Map([...system.logs].map(([name, lines]) => [name, lines.length]));
    await work();
    return Object.fromEntries(
      [...system.logs].map(([name, lines]) => [name, lines.slice(before.get(name)).map((line) => JSON.parse(line))]),
    );
  };
  /** What is said while something goes, stays away and comes back. */
  const during = async (go: () => Promise<unknown>, comeBack: () => Promise<unknown>) => {
    const lines = await linesSince(async () => {
      await go();
      await sleep(AWAY_MS);
      await comeBack();
      // Longer than between two looks of a service at what it needs.
      await sleep(12_000);
    });
    for (const [name, said] of Object.entries(lines))
      expect(said.length, `${name}: ${texts(said)}`).toBeLessThan(MOST_LINES);
    return (name: string) => texts((lines[name] ?? []).filter(({ msg }) => /is (still )?away|is back/.test(msg)));
  };
  const texts = (lines: Line[]) => lines.map(({ msg }) => msg).sort();
  const outageOf = (what: string) => [`${what} is away, trying again`, `${what} is back`];

  test('tells PostgreSQL being away in a line when it goes and one when it is back, with a task in hand', async () => {
    const task = await start('engineering', 'todo-api', '--spec', 'A list of todos');
    await waitFor('a worker', () => system.logs.get('langgraph-0')?.length);
    const said = await during(postgres.stop, postgres.start);
    expect(said('api')).toEqual(outageOf('the database'));
    expect(said('langgraph-0')).toEqual([...outageOf('the API'), ...outageOf('the database')].sort());
    for (const name of ['scheduler', 'scaffolder', 'worker-manager', 'infra-service']) {
      expect(said(name), name).toEqual(outageOf('the API'));
    }
    await ended(task);
  }, 240_000);

  test('tells Redis being away in two lines', async () => {
    const said = await during(system.redis.kill, system.redis.restart);
    for (const name of names) expect(said(name), name).toEqual(name === 'api' ? [] : outageOf('Redis'));
  }, 180_000);

  test('tells the API being away in two lines', async () => {
    const api = system.processes.get('api');
    const said = await during(
      async () => api?.kill('SIGSTOP'),
      async () => api?.kill('SIGCONT'),
    );
    for (const name of names) expect(said(name), name).toEqual(name === 'api' ? [] : outageOf('the API'));
  }, 180_000);

  test('has a line with task and correlation id at the end of what the service did for a task', async () => {
    let engineering = '';
    let deploy = '';
    const lines = await linesSince(async () => {
      engineering = await start('engineering', 'shop', '--spec', 'A list of wares');
      await ended(engineering);
      deploy = await start('deploy', 'shop');
      await ended(deploy);
      await sleep(1000);
    });
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
});
