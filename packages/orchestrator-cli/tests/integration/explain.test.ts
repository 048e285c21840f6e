import type { Explanation } from '@codegen/sdk';
import { Chalk } from 'chalk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApi } from '../../../sdk/tests/support/fake-api.js';
import type { Screen } from '../../src/kit/screen.js';
import { renderExplanation } from '../../src/render/explanation.js';
import { envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterAll(() => stop());

async function failedTask(): Promise<string> {
  const start = ['engineering', 'start', '--project', 'todo-api', '--spec', 'Lists', '--json'];
  const task = String(envelopeOf(await machine.run(start)).data.id);
  fake.emit(task, { type: 'started', current_step: 'claim', message: 'engineering began' });
  fake.emit(task, { current_step: 'test', message: 'round 3: testing commit abc' });
  const broken = { error: 'expected 3, \u001b[2Jgot 4\n  at sum', error_type: 'timeout', round: 3 };
  fake.emit(task, { current_step: 'test', message: 'round 3: the tests ended with timeout', ...broken });
  fake.end(task, 'failed', { reason: 'tests_failed', error: broken.error });
  return task;
}

describe('explain', () => {
  it('shows people the story, the failure, and what to do, without what could harm a terminal', async () => {
    const task = await failedTask();
    const { code, stdout } = await machine.run(['explain', task]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^engineering {2}failed {2}task_/);
    expect(stdout).toMatch(/✖ round 3: the tests ended with timeout\n +expected 3, got 4\n/);
    const [why, next] = stdout.trimEnd().split('\n').slice(-2);
    expect(why).toMatch(/^It failed in round 3: .*expected 3, got 4\.$/);
    expect(next).toBe(`Next: orchestrator task retry ${task}`);
    expect(stdout).toContain('stream: not read: no Redis URL');
    expect(stdout).not.toContain('\u001b');
  });

  it('keeps what a line is about apart from what it says', () => {
    const made = { id: 'deployment:1', kind: 'deployment', source: 'api', at: null, summary: 'recorded', details: {} };
    const story = {
      task: { id: 'task_1', type: 'deploy', status: 'completed' },
      ...{
        entries: [made],
        ...{ sources: {}, unread: [] },
        verdict: { state: 'completed', why: 'done', next: { command: 'x', when: '' } },
      },
    } as unknown as Explanation;

    const text = renderExplanation(story, { columns: 80, paint: new Chalk({ level: 0 }) } as Screen);

    expect(text).toContain('│ └ deployment recorded');
  });

  it('says a failing test once, without the lines of output around it', async () => {
    const task = await failedTask();
    const sentence = '1 of 2 tests failed: bad (bad.test.js:2) it is bad';
    const error = `${sentence}\nTAP version 13\nok 1 - good`;
    fake.emit(task, { current_step: 'test', message: `round 4: ${sentence}`, error, error_type: 'tests_failed' });
    const { stdout } = await machine.run(['explain', task]);

    expect(stdout).toContain(`✖ round 4: ${sentence.slice(0, 20)}`);
    expect(stdout).not.toContain('TAP version');
  });

  it('gives programs entries that name their causes, and a verdict', async () => {
    const task = await failedTask();
    const { data } = envelopeOf(await machine.run(['explain', task, '--json']));
    const { entries, verdict } = data as { entries: { id: string; cause?: string }[]; verdict: object };

    expect(data.task).toMatchObject({ id: task, status: 'failed' });
    expect(entries.map(({ id }) => id)).toContain('event:1');
    for (const { cause } of entries.slice(1)) expect(entries.map(({ id }) => id)).toContain(cause);
    expect(verdict).toMatchObject({ state: 'failed', next: { command: `orchestrator task retry ${task}` } });
  });

  it('of what does not exist ends with 3', async () => {
    const { code, stderr } = await machine.run(['explain', 'task_0198aaaaaaaaaaaaaaaaaaaaaaaaaaaa']);

    expect(code).toBe(3);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('Try: orchestrator task list');
  });
});
