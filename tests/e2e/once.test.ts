import type { Attempt, Task, TaskEvent } from '@codegen/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { type LossyLine, openLossyLine } from './support/lossy-line.js';
import { type Machine, type Machines, makeMachines } from './support/machine.js';
import { type StackSystem, startStack } from './support/system.js';

let system: StackSystem;
let line: LossyLine;
let machines: Machines;
let machine: Machine;
beforeAll(async () => {
  system = await startStack();
  line = await openLossyLine(system.apiUrl);
  machines = await makeMachines();
  machine = await machines.add();
  const login = await machine.run(['auth', 'login', '--api-url', line.url, '--token-stdin'], {
    input: `${system.token}\n${system.redisUrl}\n`,
  });
  expect(login.code, login.stderr).toBe(0);
});
afterAll(async () => {
  await machines?.remove();
  await line?.close();
  await system?.stop();
});

// Each test has a project of its own, and nothing that the ones before sent.
let project: string;
let projects = 0;
beforeEach(async () => {
  project = `once-${++projects}`;
  expect((await machine.run(['project', 'create', project])).code).toBe(0);
  line.posts.length = 0;
});

const start = (spec: string, ...more: string[]) => [
  ...['engineering', 'start', '--project', project, '--spec', spec, '--json'],
  ...more,
];

async function get<T>(path: string): Promise<T[]> {
  const response = await fetch(`${system.apiUrl}${path}`, { headers: { authorization: `Bearer ${system.token}` } });
  return ((await response.json()) as { items: T[] }).items;
}

const tasks = () => get<Task>(`/tasks?project=${project}`);
const orders = () => line.posts.filter(({ path }) => path === '/tasks');

/** Whether a task was stored once and run once, whatever was sent. */
async function expectOneRun(id: string): Promise<void> {
  expect((await tasks()).map((task) => task.id)).toEqual([id]);
  const events = () => get<TaskEvent>(`/tasks/${id}/events?limit=1000`);
  const count = async (type: string) => (await events()).filter((event) => event.type === type).length;
  await waitFor('the task to end', async () => (await count('completed')) > 0, { timeoutMs: 60_000 });
  expect([await count('started'), await count('completed')]).toEqual([1, 1]);
  expect(await get<Attempt>(`/tasks/${id}/attempts`)).toMatchObject([{ epoch: 1 }]);
}

describe('a task is started once', () => {
  it('when the answer is lost after it was stored: the CLI asks again under the same key', async () => {
    line.nextAnswer = 'is lost';
    const ended = await machine.run(start('A lost answer', '--wait'));
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(orders().map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(orders().map(({ key }) => key))).toEqual(new Set([ended.json().meta.idempotency_key]));
    await expectOneRun(ended.json().data.id);
  });

  it('when the CLI is killed before the answer, and called again with the same key', async () => {
    line.nextAnswer = 'never comes';
    const call = start('A killed caller', '--idempotency-key', 'mine');
    const killed = machine.start(call);
    await waitFor('the order', () => orders().length === 1);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).stdout).toBe('');
    const again = await machine.run(call);
    expect(again.code, again.stdout).toBe(0);
    const { data, meta } = again.json();
    expect(meta).toMatchObject({ idempotency_key: 'mine', correlation_id: data.correlation_id });

    const other = await machine.run(start('Something else', '--idempotency-key', 'mine'));
    expect(other.code).toBe(5);
    expect(other.json()).toMatchObject({ error: { code: 'IDEMPOTENCY_MISMATCH', retryable: false } });
    await expectOneRun(data.id);
  });

  it('when Ctrl-C came before the answer: the next step names the key that was sent', async () => {
    line.nextAnswer = 'never comes';
    const stopped = machine.start(start('An impatient caller'));
    await waitFor('the order', () => orders().length === 1);
    stopped.child.kill('SIGINT');
    const { code, json } = await stopped.ended;
    expect(code).toBe(130);
    const [step] = json().next as { command: string }[];
    const key = orders()[0]?.key as string;
    expect(step?.command).toBe(`orchestrator engineering start --idempotency-key ${key}`);
    const again = await machine.run(start('An impatient caller', '--idempotency-key', key));
    expect(again.code, again.stdout).toBe(0);
    expect((await tasks()).map((task) => task.id)).toEqual([again.json().data.id]);
  });

  it('when a step of a CI job is repeated, and again in another job or with other input', async () => {
    const step = async (spec: string, job: string) => {
      const env = { CI: 'true', GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB: job };
      const ended = await machine.run(start(spec), { env });
      expect(ended.code, ended.stdout).toBe(0);
      return ended.json().data.id as string;
    };
    const first = await step('From CI', 'build');
    expect(await step('From CI', 'build')).toBe(first);
    expect(new Set([first, await step('From CI', 'release'), await step('Other', 'build')]).size).toBe(3);
  });

  it('when two identical calls come at the same moment', async () => {
    const call = start('Twins', '--idempotency-key', 'twins');
    const both = await Promise.all([machine.run(call), machine.run(call)]);
    for (const one of both) expect(one.code, one.stdout).toBe(0);
    const [one, two] = both.map((each) => each.json().data.id as string);
    expect(two).toBe(one);
    expect((await tasks()).map((task) => task.id)).toEqual([one]);
  });
});
