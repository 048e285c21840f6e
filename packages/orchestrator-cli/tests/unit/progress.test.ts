import { PassThrough } from 'node:stream';
import type { Task, TaskEvent } from '@codegen/contracts';
import { Chalk } from 'chalk';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { Output } from '../../src/kit/output.js';
import { widthOf } from '../../src/kit/text.js';
import { LiveProgress } from '../../src/progress/live-progress.js';
import { LiveView } from '../../src/progress/live-view.js';
import { Phases } from '../../src/progress/phases.js';
import { eventLine, PlainProgress } from '../../src/progress/plain-progress.js';

function event(fields: Partial<TaskEvent>): TaskEvent {
  const base = { seq: 1, type: 'progress' as const, request_id: 'r', task_id: 't', timestamp: '2026-01-01T00:00:00Z' };
  const empty = { message: null, progress_pct: null, current_step: null, error: null, error_type: null };
  return { ...base, ...empty, ...fields };
}

const seen = (phases: Phases) => phases.shown().map(({ name, state, spentMs }) => `${name} ${state} ${spentMs}`);

test('the word of an event without a step stands once in its line', () => {
  const failed = event({ type: 'failed', message: 'the agent failed', error: 'exit 1' });
  const screen = { columns: 80, paint: new Chalk({ level: 0 }) };
  expect(eventLine(failed, screen)).toMatch(/^[\d:]{8} failed {3}the agent failed: exit 1$/);
  // Of an older release: as it is.
  const old = { ...failed, message: 'failed: the agent failed' };
  expect(eventLine(old, screen)).toMatch(/^[\d:]{8} failed {3}failed: the agent failed: exit 1$/);
});

describe('phases', () => {
  it('are done when the next begins, with the time they took', () => {
    const phases = new Phases('engineering');
    phases.apply(event({ type: 'started', current_step: 'claim' }), 0);
    phases.apply(event({ current_step: 'scaffold' }), 100);
    phases.apply(event({ current_step: 'develop' }), 300);

    expect(seen(phases)).toEqual([
      'claim done 100',
      'scaffold done 200',
      'develop active 0',
      'test ahead 0',
      'merge ahead 0',
    ]);
  });

  it('go back for another round and add up their time', () => {
    const phases = new Phases('engineering');
    for (const [at, step] of ['develop', 'test', 'develop', 'test', 'merge'].entries()) {
      phases.apply(event({ current_step: step }), at * 1000);
    }
    phases.apply(event({ type: 'completed' }), 5000);

    expect(seen(phases).filter((line) => !line.includes('ahead'))).toEqual([
      'develop done 2000',
      'test done 2000',
      'merge done 1000',
    ]);
  });

  it('leave out what was passed over, and after the end what was not reached', () => {
    const phases = new Phases('engineering');
    phases.apply(event({ type: 'started', current_step: 'claim' }), 0);
    phases.apply(event({ current_step: 'develop' }), 10);
    phases.apply(event({ type: 'failed', error_type: 'agent_failed' }), 20);

    expect(seen(phases)).toEqual(['claim done 10', 'develop failed 10']);
  });

  it('take steps that they do not know', () => {
    const phases = new Phases('deploy');
    phases.apply(event({ current_step: 'cleanup' }), 0);

    expect(seen(phases)).toContain('cleanup active 0');
  });
});

describe('plain lines', () => {
  it('call a cancelled task cancelled, and say it once', () => {
    const cancelled = event({
      type: 'failed',
      current_step: null,
      error_type: 'cancelled',
      message: 'cancelled on request',
    });
    const line = eventLine(
      { ...cancelled, error: 'cancelled on request' },
      { columns: 80, paint: new Chalk({ level: 0 }) },
    );

    expect(line).toMatch(/^\d\d:\d\d:\d\d cancelled cancelled on request$/);
  });
});

describe('the live view', () => {
  it('stays within the terminal and lets no control character of the server through', async () => {
    const written: string[] = [];
    const stderr = new PassThrough();
    stderr.on('data', (chunk: Buffer) => written.push(chunk.toString('utf8')));
    const output = new Output(new PassThrough(), stderr, false, () => undefined);
    const task = { id: 'task_1', type: 'engineering', created_at: new Date().toISOString() } as Task;

    const progress = new LiveProgress(task, output, { columns: 80, paint: new Chalk({ level: 0 }) });
    progress.show(event({ current_step: 'develop', message: `\u001b[2J\u0007evil\n${'日本語'.repeat(60)}` }));
    await progress.close();
    const frames = written.join('');

    expect(frames).toContain('develop');
    expect(frames).not.toContain('\u001b[2J');
    expect(frames).not.toContain('\u0007');
    // What it writes itself: the cursor hidden and shown, up, and clear to the end.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
    const bare = frames.replace(/\u001b\[(\?25[lh]|\d+A|J)|\r/g, '');
    for (const line of bare.split('\n')) expect(widthOf(line)).toBeLessThan(80);
    expect(frames.endsWith('\u001b[?25h')).toBe(true);
  });

  it('draws the lines that have changed, and leaves the others alone', async () => {
    const written: string[] = [];
    const stderr = new PassThrough();
    stderr.on('data', (chunk: Buffer) => written.push(chunk.toString('utf8')));
    let lines = ['first', 'second'];
    const view = new LiveView(() => lines, new Output(new PassThrough(), stderr, false, () => undefined));
    await waitFor('the first picture', () => written.join('').includes('second'));
    const before = written.length;
    view.refresh();
    view.refresh();
    expect(written.length).toBe(before);
    lines = ['first', 'third'];
    await view.close();

    expect(written.slice(before).join('')).toBe('\u001b[1A\r\u001b[Jthird\n\u001b[?25h');
  });
});

describe('plain progress', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says once a minute what is waited for while nothing happens, and not after its end', async () => {
    vi.useFakeTimers();
    const lines: string[] = [];
    const progress = new PlainProgress((line) => lines.push(line), { columns: 80, paint: new Chalk({ level: 0 }) });
    progress.show(event({ current_step: 'allocate', message: 'waiting for the secret SALT' }));
    vi.advanceTimersByTime(150_000);
    progress.show(event({ current_step: 'deploy', message: 'deploying' }));
    vi.advanceTimersByTime(59_000);
    await progress.close();
    vi.advanceTimersByTime(120_000);

    expect(lines.map((line) => line.slice(9))).toEqual([
      'allocate waiting for the secret SALT',
      'allocate still: waiting for the secret SALT',
      'allocate still: waiting for the secret SALT',
      'deploy   deploying',
    ]);
  });
});
