import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskEvent } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canUnshare } from '../support/namespaces.js';
import { tempFolder } from '../support/temp-folder.js';
import { makeIsland } from './support/island.js';
import { type Ended, type Machine, type Machines, makeMachines, type Running } from './support/machine.js';
import { fixtureAgent, type StackSystem, startStack } from './support/system.js';

let system: StackSystem;
let gates: Awaited<ReturnType<typeof tempFolder>>;
let island: Awaited<ReturnType<typeof makeIsland>> | undefined;
let machines: Machines;

beforeAll(async () => {
  gates = await tempFolder('codegen-gates');
  const gated = fixtureAgent('at-the-gate', { GATES: gates.path });
  machines = await makeMachines();
  system = await startStack({ agent: 'gated', agents: { gated } });
  if (canUnshare) island = await makeIsland(Number(new URL(system.apiUrl).port));
});
afterAll(async () => {
  await machines?.remove();
  await island?.remove();
  await system?.stop();
  await gates?.remove();
});

/** Lets the agent of a task go on, or fail. */
function openGate(name: string, word: 'pass' | 'fail' = 'pass'): Promise<void> {
  return writeFile(join(gates.path, name), word);
}

/** The events among the lines of a watch, and its last line. */
function watched({ stdout }: Pick<Ended, 'stdout'>): { events: TaskEvent[]; lastLine: Ended['json'] } {
  const lines = stdout.trimEnd().split('\n');
  const last = lines.pop() as string;
  return { events: lines.map((line) => JSON.parse(line) as TaskEvent), lastLine: () => JSON.parse(last) };
}

/** The seqs in whole lines of a watch that was killed; the last line may be cut. */
function wholeSeqs({ stdout }: Pick<Running, 'stdout'>): number[] {
  const lines = stdout().split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as TaskEvent).seq);
}

function isLast(event: TaskEvent): boolean {
  return event.type === 'completed' || event.type === 'failed';
}

/** The command with which an envelope says to go on. */
function resumeCommand(ended: Ended, id: string): string {
  const [step] = ended.json().next as { command: string }[];
  expect(step?.command).toBe(`orchestrator engineering wait ${id}`);
  return (step as { command: string }).command;
}

describe.runIf(canUnshare)('the island', () => {
  test('has no Redis in reach, and the API', async () => {
    const machine = await machines.add(island?.inside);
    const reach = (url: string) => {
      const { hostname, port } = new URL(url);
      const script = `require("node:net").connect(${port}, "${hostname}", () => { console.log("reached"); process.exit() }).on("error", (error) => console.log(error.code))`;
      return `node -e '${script}'`;
    };
    const outside = await machines.add();
    expect((await outside.paste(reach(system.redisUrl)).ended).stdout).toBe('reached\n');
    expect((await machine.paste(reach(system.redisUrl)).ended).stdout).toBe('ECONNREFUSED\n');
    expect((await machine.paste(reach(system.apiUrl)).ended).stdout).toBe('reached\n');
  });
});

describe.each([
  { variant: 'redis', title: 'with Redis in reach' },
  { variant: 'http', title: 'over HTTP only, in a namespace without Redis' },
])('a task, $title', ({ variant }) => {
  const it = variant === 'redis' || canUnshare ? test : test.skip;
  let here: Machine;
  let elsewhere: Machine;
  const withRedis = variant === 'redis';
  const project = `follow-${variant}`;
  const start = (gate: string, ...more: string[]) => [
    ...['engineering', 'start', '--project', project, '--spec', `${variant}-${gate}`, '--json'],
    ...more,
  ];
  const open = (gate: string, word?: 'fail') => openGate(`${variant}-${gate}`, word);

  beforeAll(async () => {
    const login = async () => {
      const machine = await machines.add(withRedis ? [] : island?.inside);
      const done = await machine.run(['auth', 'login', '--api-url', system.apiUrl, '--token-stdin', '--json'], {
        input: `${system.token}\n${withRedis ? system.redisUrl : ''}\n`,
      });
      expect(done.code, done.stdout).toBe(0);
      return machine;
    };
    [here, elsewhere] = await Promise.all([login(), login()]);
    expect((await here.run(['project', 'create', project])).code).toBe(0);
  });

  it('goes on when Ctrl-C lets go of it, and is followed to its end from another machine by the command it named', async () => {
    const running = here.start(start('one', '--wait'));
    await running.says('Waiting at the gate.');
    running.child.kill('SIGINT');
    const stopped = await running.ended;
    expect(stopped.code, stopped.stdout + stopped.stderr).toBe(130);
    expect(stopped.json()).toMatchObject({ ok: false, error: { code: 'INTERRUPTED', exit_code: 130 } });
    const id = stopped.json().error.details.task_id as string;
    const resume = resumeCommand(stopped, id);

    // Two waits at once, and a watch that is killed as hard as can be.
    const waits = [elsewhere.paste(`${resume} --json`), here.paste(resume)];
    const killed = elsewhere.start(['task', 'watch', id, '--json']);
    await killed.says('Waiting at the gate.');
    killed.child.kill('SIGKILL');
    await killed.ended;
    const before = wholeSeqs(killed);
    const status = await here.run(['engineering', 'status', id, '--json']);
    expect([status.code, status.json().data.status]).toEqual([0, 'running']);

    const since = ['--since', String(before.at(-1))];
    const resumed = here.start(['task', 'watch', id, ...since, '--json']);
    await open('one');
    const [waited, alsoWaited, end] = await Promise.all([...waits.map((one) => one.ended), resumed.ended]);
    expect(waited?.code, waited?.stderr).toBe(0);
    expect(waited?.json().data).toMatchObject({ id, status: 'completed' });
    expect([alsoWaited?.code, alsoWaited?.stdout]).toEqual([0, expect.stringContaining('completed')]);
    expect(end?.code, end?.stderr).toBe(0);
    const { events, lastLine } = watched(end as Ended);
    const seqs = [...before, ...events.map((event) => event.seq)];
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(events.filter(isLast)).toEqual([events.at(-1)]);
    expect(lastLine()).toMatchObject({ ok: true, command: 'task watch', data: { id, last_seq: seqs.length } });
  });

  it('that fails ends wait and watch with 1, status and get with 0; a timeout ends a wait with 8, SIGTERM with 143', async () => {
    const late = await here.run(start('two', '--wait=1s'));
    expect(late.code, late.stdout + late.stderr).toBe(8);
    expect(late.json().error.code).toBe('STILL_RUNNING');
    const id = late.json().error.details.task_id as string;
    const resume = resumeCommand(late, id);

    const ended = here.start(['engineering', 'wait', id, '--json']);
    await ended.says('Waiting at the gate.');
    ended.child.kill('SIGTERM');
    const terminated = await ended.ended;
    expect(terminated.code).toBe(143);
    expect(resumeCommand(terminated, id)).toBe(resume);

    const watch = here.start(['task', 'watch', id, '--json']);
    const wait = elsewhere.paste(`${resume} --json`);
    await open('two', 'fail');
    const [failed, watchedIt] = await Promise.all([wait.ended, watch.ended]);
    expect(failed.code).toBe(1);
    expect(failed.json()).toMatchObject({ error: { code: 'TASK_FAILED', details: { id, status: 'failed' } } });
    expect(watchedIt.code).toBe(1);
    const { events, lastLine } = watched(watchedIt);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(isLast).map((event) => event.type)).toEqual(['failed']);
    expect(isLast(events.at(-1) as TaskEvent)).toBe(true);
    expect(lastLine()).toMatchObject({ ok: false, error: { code: 'TASK_FAILED' } });
    const reads = [
      ['engineering', 'status', id],
      ['task', 'get', id],
    ].map((args) => elsewhere.run([...args, '--json']));
    for (const read of await Promise.all(reads)) {
      expect([read.code, read.json().data.status]).toEqual([0, 'failed']);
    }
  });

  it('that an administrator fails ends wait and watch with 1 and the reason; explain tells it', async () => {
    const started = await here.run(start('three'));
    const id = started.json().data.id as string;
    const watch = here.start(['task', 'watch', id, '--json']);
    const people = elsewhere.start(['engineering', 'wait', id]);
    const wait = elsewhere.start(['engineering', 'wait', id, '--json']);
    await Promise.all([watch, people, wait].map((one) => one.says('Waiting at the gate.')));
    const reason = 'the host is gone for good';
    const fail = ['task', 'fail', id, '--reason', reason, '--yes', '--profile', 'local-admin', '--json'];
    const done = await system.cli(fail);
    expect(done.code, done.stdout).toBe(0);

    const [watchedIt, seen, waited] = await Promise.all([watch.ended, people.ended, wait.ended]);
    expect([watchedIt.code, seen.code, waited.code]).toEqual([1, 1, 1]);
    const error = expect.stringMatching(`^ended by .+: ${reason}$`);
    const task = { id, status: 'failed', reason: 'failed_by_admin', error };
    expect(waited.json()).toMatchObject({ error: { code: 'TASK_FAILED', details: task } });
    expect(seen.stderr).toContain(reason);
    const { events, lastLine } = watched(watchedIt);
    expect(events.filter(isLast)).toMatchObject([{ type: 'failed', error_type: 'failed_by_admin', error }]);
    expect(lastLine()).toMatchObject({ error: { code: 'TASK_FAILED', details: task } });
    const [text, explained] = await Promise.all([here.run(['explain', id]), here.run(['explain', id, '--json'])]);
    expect([text.code, text.stdout.trimEnd().split('\n').at(-2)]).toEqual([0, expect.stringContaining(reason)]);
    const { verdict } = explained.json().data;
    expect(verdict).toMatchObject({ state: 'failed', next: { command: `orchestrator task retry ${id}` } });
    expect(verdict.why).toMatch(/^it failed.* ended by .+: the host is gone for good$/);
  });

  it('is started at once without --wait, and waited for later, as it is or by its project', async () => {
    const started = await here.run(['deploy', 'start', '--project', project, '--json']);
    expect(started.code, started.stderr).toBe(0);
    expect(started.json()).toMatchObject({ data: { type: 'deploy', status: 'queued' } });
    // The engineering task of the case before was ended: what it deploys is from before it, and it says so.
    expect(started.json().warnings).toEqual([
      expect.stringMatching(/failed_by_admin.*holds what was built before it$/),
    ]);
    const waits = [[started.json().data.id], ['--project', project]].map((which) =>
      elsewhere.run(['deploy', 'wait', ...which, '--json']),
    );
    const urls = (await Promise.all(waits)).map((one) => one.json().data.result.deployed_url);
    expect(urls[1]).toBe(urls[0]);
    expect((await fetch(`${urls[0]}/health`)).status).toBe(200);
  });
});
