import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskEvent } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import type { FakeApi } from '../../../sdk/tests/support/fake-api.js';
import { startSilentServer } from '../../../sdk/tests/support/silent-servers.js';
import { type Envelope, envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterEach(() => stop());

const start = ['engineering', 'start', '--project', 'todo-api'];

async function startedTask(): Promise<string> {
  const ended = await machine.run([...start, '--spec', 'Lists', '--json']);
  return String(envelopeOf(ended).data.id);
}

function sentSpecs(): unknown[] {
  const posts = fake.seen.filter(({ method, path }) => method === 'POST' && path === '/tasks');
  return posts.map(({ body }) => (body as { spec?: unknown }).spec);
}

describe('engineering start', () => {
  it('returns the task at once and says how to follow it', async () => {
    const ended = await machine.run([...start, '--spec', 'Lists']);

    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('queued');
    expect(ended.stdout).toContain(`Next: orchestrator engineering wait ${fake.onlyTask()}`);
  });

  it('keeps every byte of a spec from flag, file and standard input', async () => {
    const spec = '\uFEFF# Lists\r\n\r\n- "quoted" $HOME `x` \t\n\n  日本語 🧭 \r\n';
    const file = join(machine.folder, 'spec.md');
    await writeFile(file, spec);

    await machine.run([...start, '--spec', spec]);
    await machine.run([...start, '--spec-file', file]);
    await machine.run([...start, '--spec', '-'], { stdin: spec });

    expect(sentSpecs()).toEqual([spec, spec, spec]);
  });

  it('refuses what is empty, too large, not text or not there, before anything is sent', async () => {
    const binary = join(machine.folder, 'binary');
    await writeFile(binary, Buffer.from([0x66, 0xff, 0xfe]));
    const codes = [];
    for (const [args, stdin] of [
      [['--spec', ' \n'], ''],
      [['--spec', '-'], ''],
      [['--spec', '-'], 'x'.repeat(1024 * 1024 + 1)],
      [['--spec', '-'], 'x'.repeat(5 * 1024 * 1024)],
      [['--spec-file', binary], ''],
      [['--spec-file', join(machine.folder, 'none')], ''],
      [['--spec', 'x', '--spec-file', binary], ''],
    ] as const) {
      const ended = await machine.run([...start, ...args, '--json'], { stdin });
      expect(ended.code).toBe(2);
      codes.push(envelopeOf(ended).error.code);
    }

    expect(codes).toEqual([
      'SPEC_EMPTY',
      'SPEC_EMPTY',
      'SPEC_TOO_LARGE',
      'SPEC_TOO_LARGE',
      'VALIDATION_FAILED',
      'USAGE',
      'USAGE',
    ]);
    expect(sentSpecs()).toEqual([]);
  });

  it('stores nothing with --dry-run', async () => {
    const ended = await machine.run([...start, '--spec', 'Lists', '--dry-run', '--json']);

    expect(envelopeOf(ended).data).toMatchObject({ dry_run: true, status: 'queued' });
    expect(fake.tasks.size).toBe(0);
  });

  it('is one task under one idempotency key, which the envelope names', async () => {
    const args = [...start, '--spec', 'Lists', '--json', '--idempotency-key', 'mine'];
    const [one, two] = [envelopeOf(await machine.run(args)), envelopeOf(await machine.run(args))];

    expect(one.meta.idempotency_key).toBe('mine');
    expect(two.data.id).toBe(one.data.id);
    expect(fake.tasks.size).toBe(1);
  });

  it('is one task when a step of a CI job is repeated, and another for other input', async () => {
    const env = { GITHUB_RUN_ID: '77', GITHUB_JOB: 'deploy', CI: 'true' };
    for (const spec of ['Lists', 'Lists', 'Other']) await machine.run([...start, '--spec', spec], { env });

    expect(fake.tasks.size).toBe(2);
  });

  it('sends one correlation id to the API and reports it', async () => {
    const envelope = envelopeOf(await machine.run([...start, '--spec', 'Lists', '--json']));

    expect(fake.tasks.get(fake.onlyTask())?.correlation_id).toBe(envelope.meta.correlation_id);
  });

  it('does not start anything when the duration is mistyped', async () => {
    const ended = await machine.run([...start, '--spec', 'Lists', '--wait=soon', '--json']);

    expect(envelopeOf(ended).error).toMatchObject({ code: 'USAGE', exit_code: 2 });
    expect(fake.tasks.size).toBe(0);
  });
});

describe('engineering start --wait', () => {
  it('follows the task with plain lines and ends with 0 when it completed', async () => {
    const running = machine.start([...start, '--spec', 'Lists', '--wait']);
    await waitFor('the task', () => fake.tasks.size === 1);
    fake.emit(fake.onlyTask(), { type: 'started', current_step: 'claim', message: 'claimed' });
    fake.emit(fake.onlyTask(), { current_step: 'develop', message: 'round 1: \u001b[2J\u0007writing\ntests' });
    await waitFor('the progress', () => running.stderr().includes('round 1'));
    fake.end(fake.onlyTask(), 'completed', { result: { commit_sha: 'abc', files_changed: ['a.js'] } });
    const ended = await running.ended;

    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^\d\d:\d\d:\d\d claim {4}claimed$/m);
    expect(ended.stderr).toMatch(/^\d\d:\d\d:\d\d develop {2}round 1: writing tests$/m);
    expect(ended.stdout).toContain('completed');
    expect(ended.stdout).toContain('a.js');
  });

  it('ends with 1 and the reason when the task failed', async () => {
    const running = machine.start([...start, '--spec', 'Lists', '--wait', '--json']);
    await waitFor('the task', () => fake.tasks.size === 1);
    fake.end(fake.onlyTask(), 'failed', { error: '3 tests failed', reason: 'tests_failed' });
    const ended = await running.ended;

    expect(ended.code).toBe(1);
    expect(envelopeOf(ended).error).toMatchObject({
      code: 'TASK_FAILED',
      details: { id: fake.onlyTask(), reason: 'tests_failed' },
    });
    expect(envelopeOf(ended).error.details).not.toHaveProperty('spec');
  });

  it('ends with 8 when the time is over, leaves the task alone and says how to go on', async () => {
    const ended = await machine.run([...start, '--spec', 'Lists', '--wait=1s', '--json']);
    const envelope = envelopeOf(ended);

    expect(ended.code).toBe(8);
    expect(envelope.error.code).toBe('STILL_RUNNING');
    expect(envelope.next[0]?.command).toBe(`orchestrator engineering wait ${fake.onlyTask()}`);
    expect(fake.seen.some(({ path }) => path.endsWith('/cancel'))).toBe(false);
  });

  it.each(['--json', '--quiet'])('lets go of the task on Ctrl-C with 130 (%s)', async (mode) => {
    const running = machine.start([...start, '--spec', 'Lists', '--wait', mode]);
    await waitFor('the long poll', () => fake.seen.some(({ path }) => path.endsWith('/events')));
    running.child.kill('SIGINT');
    const ended = await running.ended;
    const resume = `orchestrator engineering wait ${fake.onlyTask()}`;

    expect(ended.code).toBe(130);
    if (mode === '--json') {
      expect(envelopeOf(ended)).toMatchObject({ error: { code: 'INTERRUPTED' }, next: [{ command: resume }, {}] });
    } else expect(ended.stderr.trimEnd().endsWith(`Try: ${resume}`)).toBe(true);
    expect(fake.seen.some(({ path }) => path.endsWith('/cancel'))).toBe(false);
  });

  it('goes on over an API that fails for a while', async () => {
    const running = machine.start([...start, '--spec', 'Lists', '--wait', '--json']);
    await waitFor('the long poll', () => fake.seen.some(({ path }) => path.endsWith('/events')));
    fake.intercept = () => ({ status: 503, body: 'down' });
    fake.emit(fake.onlyTask(), { current_step: 'develop', message: 'round 1' });
    await waitFor('the notice', () => running.stderr().includes('does not answer'));
    fake.intercept = undefined;
    fake.end(fake.onlyTask(), 'completed');

    expect((await running.ended).code).toBe(0);
  });
});

describe('status, wait and watch', () => {
  it('status of a failed task ends with 0, wait with 1', async () => {
    const id = await startedTask();
    fake.end(id, 'failed', { error: 'no', reason: 'tests_failed' });

    const status = await machine.run(['engineering', 'status', id, '--json']);
    const wait = await machine.run(['engineering', 'wait', id, '--json']);

    expect(status.code).toBe(0);
    expect(envelopeOf(status).data).toMatchObject({ status: 'failed', reason: 'tests_failed' });
    expect(wait.code).toBe(1);
  });

  it('find the latest task of the project themselves', async () => {
    const id = await startedTask();

    const ended = await machine.run(['engineering', 'status', '--json'], { env: { ORCHESTRATOR_PROJECT: 'todo-api' } });

    expect(envelopeOf(ended).data.id).toBe(id);
  });

  it('refuse a task of the other type', async () => {
    const id = await startedTask();

    const ended = await machine.run(['deploy', 'wait', id, '--json']);

    expect(ended.code).toBe(3);
    expect(envelopeOf(ended).next[0]?.command).toBe(`orchestrator engineering status ${id}`);
  });

  it('watch prints each event as a line of JSON, and the envelope last', async () => {
    const id = await startedTask();
    for (const message of ['one', 'two']) fake.emit(id, { message });
    const running = machine.start(['task', 'watch', id, '--json']);
    await waitFor('two lines', () => running.stdout().split('\n').length > 2);
    fake.end(id, 'completed');
    const ended = await running.ended;
    const lines = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TaskEvent & Envelope);

    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, undefined]);
    expect(lines.at(-1)).toMatchObject({ ok: true, command: 'task watch', data: { status: 'completed', last_seq: 3 } });
    expect(ended.code).toBe(0);
  });

  it('watch goes on after --since, and names the place where Ctrl-C stopped it', async () => {
    const id = await startedTask();
    for (const message of ['one', 'two', 'three']) fake.emit(id, { message });
    const running = machine.start(['task', 'watch', id, '--since', '1', '--json']);
    await waitFor('two lines', () => running.stdout().split('\n').length > 2);
    running.child.kill('SIGINT');
    const ended = await running.ended;
    const lines = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TaskEvent & Envelope);

    expect(lines.map(({ seq }) => seq)).toEqual([2, 3, undefined]);
    expect(lines.at(-1)?.next[0]?.command).toBe(`orchestrator task watch ${id} --since 3`);
    expect(ended.code).toBe(130);
  });

  it('get shows a task as people read it, and chosen fields line by line', async () => {
    const id = await startedTask();

    expect((await machine.run(['task', 'get', id])).stdout).toMatch(/^engineering {2}queued\n {2}task +task_/);
    expect((await machine.run(['task', 'get', id, '--fields', 'status,epoch'])).stdout).toBe(
      'status: queued\nepoch: 0\n',
    );
  });

  it('lists take --fields, --limit and --cursor', async () => {
    for (let count = 0; count < 3; count += 1) await startedTask();
    const first = envelopeOf(await machine.run(['task', 'list', '--fields', 'id,status', '--limit', '2', '--json']));
    const cursor = String(first.data.next_cursor);
    const rest = envelopeOf(await machine.run(['task', 'list', '--limit', '2', '--cursor', cursor, '--json']));
    const wrong = await machine.run(['task', 'list', '--fields', 'stats', '--json']);

    expect(Object.keys((first.data.items as object[])[0] ?? {})).toEqual(['id', 'status']);
    expect(first.data.items).toHaveLength(2);
    expect(rest.data).toMatchObject({ items: [{}], next_cursor: null });
    expect(envelopeOf(wrong).choices).toContain('status');
    expect(wrong.code).toBe(2);
  });
});

it('task cancel returns within 10 s where the API accepts and never answers, and says that the task may go on', async () => {
  const silent = await startSilentServer();
  const began = performance.now();
  const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${silent.port}` };
  const ended = await machine.run(['task', 'cancel', 'task_0198aaaaaaaaaaaaaaaaaaaaaaaaaaaa', '--wait', '--json'], {
    env,
  });
  await silent.stop();

  expect(performance.now() - began).toBeLessThan(10_000);
  expect(ended.code).toBe(75);
  const { error, next } = envelopeOf(ended);
  expect(error).toMatchObject({
    code: 'TIMEOUT',
    retryable: true,
    message: expect.stringContaining('the task may go on'),
  });
  expect(next.map(({ command }) => command)).toContainEqual(expect.stringContaining('task cancel'));
});
