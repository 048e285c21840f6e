import type { Attempt, Task, TaskEvent } from '@codegen/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTimeline } from '../../src/explain/build-timeline.js';
import type { Evidence, QueuedMessage } from '../../src/explain/evidence.js';
import { verdictOf } from '../../src/explain/verdict.js';

const BEGAN_MS = Date.parse('2026-01-01T12:00:00.000Z');
/** So many seconds after the task was made. */
const at = (seconds: number) => new Date(BEGAN_MS + seconds * 1000).toISOString();

function task(changes: Partial<Task> = {}): Task {
  return {
    ...{ id: 'task_1', project_id: 'proj_1', type: 'engineering', status: 'running', reason: null, result: null },
    ...{ error: null, attempt: 1, epoch: 1, cancel_requested: false, request_id: 'run-1', correlation_id: 'call-1' },
    ...{ created_at: at(0), updated_at: at(0), started_at: at(1), finished_at: null },
    ...changes,
  };
}

let nextSeq = 0;
function event(request_id: string, step: string | null, message: string, changes: Partial<TaskEvent> = {}): TaskEvent {
  nextSeq += 1;
  const empty = { progress_pct: null, error: null, error_type: null, task_id: 'task_1' };
  const times = { timestamp: at(nextSeq), recorded_at: at(nextSeq) };
  return { type: 'progress', request_id, current_step: step, message, ...empty, ...times, seq: nextSeq, ...changes };
}

function attempt(epoch: number, opened_by: string, changes: Partial<Attempt> = {}): Attempt {
  const empty = { request_id: null, worker_id: null, finished_at: null, exit_code: null, usage: null, result: null };
  return { task_id: 'task_1', epoch, opened_by, started_at: at(0.5), ...empty, ...changes };
}

/** A task that failed once and was merged on its second run, in its second round, after a lost worker. */
function retriedTask(): Evidence {
  nextSeq = 0;
  const tests = { error: 'expected 3, got 4\n  at sum', error_type: 'tests_failed' };
  const first = [
    event('run-1', 'claim', 'engineering of shop began (epoch 1)', { type: 'started' }),
    event('scaffold-1', 'scaffold', 'drawing the template'),
    event('run-1', 'scaffold', 'repository scaffolded: 31 files'),
    event('run-1', 'develop', 'round 1 of 3: the developer starts'),
    event('run-1', 'develop', 'round 1: the agent failed', tests),
    event('run-1', null, 'the agent failed', { type: 'failed', ...tests }),
  ];
  const second = [
    event('run-2', 'claim', 'engineering of shop began (epoch 2)', { type: 'started' }),
    // Heard before the flow said that it had asked.
    event('turn-2', 'develop', 'reading the spec'),
    event('run-2', 'develop', 'round 1 of 3: the developer starts'),
    event('run-2', 'develop', 'round 1: the worker was lost', {
      error: 'gone',
      error_type: 'worker_lost',
    }),
    event('run-2', 'cleanup', 'deleting w-2 before another takes its place'),
    event('run-2', 'develop', 'a new attempt begins (epoch 3)'),
    event('run-2', 'develop', 'round 1 of 3: the developer starts'),
    event('turn-3', 'develop', 'writing tests'),
    event('run-2', 'develop', 'round 1: 2 files changed, commit abc'),
    event('run-2', 'test', 'round 1: testing commit abc'),
    event('run-2', 'test', 'round 1: the tests ended with tests_failed', tests),
    event('run-2', 'develop', 'round 2 of 3: the developer starts'),
    event('turn-4', 'develop', 'mending sum'),
    event('run-2', 'develop', 'round 2: 1 file changed, commit abcdef'),
    event('run-2', 'test', 'round 2: testing commit abcdef'),
    event('run-2', 'test', 'round 2: the tests pass'),
    event('run-2', 'merge', 'merging the tested commit into main'),
    event('merge-2', 'merge', 'main moves'),
    event('run-2', 'merge', 'main is at abcdef'),
    event('run-2', 'cleanup', 'clearing the workers away'),
    event('run-2', null, 'done', { type: 'completed' }),
  ];
  const success = {
    status: 'success',
    commit_sha: 'abcdef0123456789',
    branch: 'task/task_1/3',
    files_changed: ['a', 'b'],
  };
  return {
    task: task({
      status: 'completed',
      request_id: 'run-2',
      finished_at: at(27),
      result: { commit_sha: 'abcdef0123456789' },
    }),
    events: [...first, ...second],
    attempts: [
      attempt(1, 'run-1', {
        worker_id: 'w-1',
        finished_at: at(5),
        result: { status: 'failed', reason: 'agent_failed' },
      }),
      attempt(2, 'run-2', { started_at: at(6.5), worker_id: 'w-2', request_id: 'turn-2', finished_at: at(10) }),
      attempt(3, 'replace', {
        ...{ started_at: at(11.5), worker_id: 'w-3', request_id: 'turn-4', finished_at: at(19), exit_code: 0 },
        result: success,
      }),
    ],
    deployments: [],
    queued: [],
  };
}

/** The timeline as ids with their causes. */
function causes(evidence: Evidence): string[] {
  return buildTimeline(evidence).map(({ id, cause }) => (cause === undefined ? id : `${id} ← ${cause}`));
}

describe('a timeline', () => {
  it('lists every run in order of causes, with workers and commits where they belong', () => {
    expect(causes(retriedTask())).toEqual([
      'task',
      'message:run-1 ← task',
      'claim:1 ← message:run-1',
      'event:1 ← claim:1',
      'event:2 ← event:1',
      'event:3 ← event:2',
      'event:4 ← event:3',
      'worker:w-1 ← event:4',
      'event:5 ← event:4',
      'event:6 ← event:5',
      'message:run-2 ← event:6',
      'claim:2 ← message:run-2',
      'event:7 ← claim:2',
      'event:9 ← event:7',
      'event:8 ← event:9',
      'worker:w-2 ← event:9',
      'event:10 ← event:9',
      'event:11 ← event:10',
      'attempt:3 ← event:11',
      'event:12 ← attempt:3',
      'event:13 ← event:12',
      'event:14 ← event:12',
      'event:15 ← event:12',
      'event:16 ← event:15',
      'event:17 ← event:16',
      'event:18 ← event:17',
      'event:19 ← event:18',
      'worker:w-3 ← event:18',
      'commit:abcdef0123456789 ← worker:w-3',
      'event:20 ← event:18',
      'event:21 ← event:20',
      'event:22 ← event:21',
      'event:23 ← event:22',
      'event:24 ← event:23',
      'event:25 ← event:23',
      'main:abcdef0123456789 ← event:25',
      'event:26 ← event:25',
      'event:27 ← event:26',
    ]);
  });

  it('is the same however its evidence is shuffled and whatever the producers’ clocks say', () => {
    const evidence = retriedTask();
    const expected = causes(evidence);
    const { events, attempts } = evidence;
    const shuffled = fc.record({
      events: fc.shuffledSubarray([...events], { minLength: events.length }),
      attempts: fc.shuffledSubarray([...attempts], { minLength: attempts.length }),
      skewsMs: fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: events.length, maxLength: events.length }),
    });
    fc.assert(
      fc.property(shuffled, (given) => {
        const skewed = given.events.map((one, i) => {
          return { ...one, timestamp: new Date(BEGAN_MS + (given.skewsMs[i] as number)).toISOString() };
        });
        expect(causes({ ...evidence, events: skewed, attempts: given.attempts })).toEqual(expected);
      }),
    );
  });

  it('has every event once and every cause before its effects, whatever the events are', () => {
    const anyEvent = fc.record({
      request_id: fc.constantFrom('run-1', 'run-2', 'turn-1', 'turn-2'),
      current_step: fc.constantFrom('claim', 'develop', 'test', 'merge', null),
      type: fc.constantFrom('started', 'progress', 'progress', 'progress', 'completed', 'failed'),
      error: fc.constantFrom(null, null, 'broken'),
    });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.boolean(), (given, ended) => {
        nextSeq = 0;
        const events = given.map(({ request_id, current_step, ...rest }) => {
          // Executors end nothing.
          const type = request_id.startsWith('turn') ? 'progress' : rest.type;
          return event(request_id, current_step, 'text', { error: rest.error, type: type as TaskEvent['type'] });
        });
        const finished = ended ? { status: 'failed' as const, finished_at: at(99) } : {};
        const attempts = [attempt(1, 'run-1', { worker_id: 'w-1', request_id: 'turn-1' }), attempt(2, 'lost')];
        const entries = buildTimeline({
          ...{ task: task({ request_id: 'run-2', ...finished }), events, attempts },
          ...{ deployments: [], queued: [] },
        });
        const ids = entries.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const lone = (one: TaskEvent) => one.type === 'progress' || !events.some((other) => isLaterEnd(one, other));
        for (const one of events.filter(lone)) expect(ids).toContain(`event:${one.seq}`);
        for (const [i, { cause }] of entries.entries()) {
          if (i === 0) expect(cause).toBeUndefined();
          else expect(ids.indexOf(cause as string)).toSatisfy((place: number) => place >= 0 && place < i);
        }
      }),
    );
  });

  it('has a request to cancel, with who made it and when, before what came of it', () => {
    nextSeq = 0;
    const gone = { error: 'cancelled', error_type: 'cancelled' };
    const events = [
      event('run-1', 'claim', 'engineering of shop began (epoch 1)', { type: 'started' }),
      event('run-1', 'develop', 'round 1 of 3: the developer starts'),
      event('turn-1', 'develop', 'writing tests'),
      event('run-1', 'cancel', 'Ada asked for its end'),
      event('turn-1', 'develop', 'the agent is stopped'),
      event('run-1', 'cleanup', 'deleting w-1'),
      event('run-1', null, 'cancelled', { type: 'failed', ...gone }),
    ];
    const worker = attempt(1, 'run-1', { worker_id: 'w-1', result: { status: 'cancelled' }, finished_at: at(6) });
    const evidence = { ...retriedTask(), events, attempts: [worker], deployments: [], queued: [] };
    const ended = task({ status: 'cancelled', cancel_requested: true, finished_at: at(8) });
    const entries = buildTimeline({ ...evidence, task: ended });

    const summaries = entries.map(({ summary }) => summary);
    const asked = summaries.indexOf('Ada asked for its end');
    expect(entries[asked]).toMatchObject({ kind: 'cancel', source: 'event', at: at(4) });
    expect(summaries.filter((summary) => summary.includes('asked for its end'))).toHaveLength(1);
    expect(summaries.slice(0, asked)).toContain('writing tests');
    for (const effect of ['the agent is stopped', 'cancelled: w-1', 'deleting w-1', 'cancelled'])
      expect(summaries.slice(asked), effect).toContain(effect);
    const before = buildTimeline({ ...evidence, events: [], task: ended });
    expect(before.map(({ kind }) => kind)).toContain('cancel');
  });

  it('puts a request to cancel between two steps, and before the end of a task that never began', () => {
    nextSeq = 0;
    const events = [
      event('run-1', 'develop', 'round 1 of 3: the developer starts'),
      event('run-1', 'develop', 'round 1: 2 files changed'),
      event('run-1', 'cancel', 'Ada asked for its end'),
      event('run-1', 'test', 'round 1: testing'),
    ];
    const evidence = {
      ...retriedTask(),
      attempts: [],
      deployments: [],
      queued: [],
      task: task({ cancel_requested: true }),
    };
    const summaries = (given: TaskEvent[]) =>
      buildTimeline({ ...evidence, events: given }).map(({ summary }) => summary);

    expect(summaries(events).slice(-4)).toEqual(events.map(({ message }) => message));
    const unbegun = [
      event('run-1', 'cancel', 'Ada asked for its end'),
      event('run-1', null, 'cancelled', { type: 'failed' }),
    ];
    expect(summaries(unbegun).slice(-2)).toEqual(['Ada asked for its end', 'cancelled']);
  });

  it('says how long each effect took, and never less than nothing', () => {
    const evidence = retriedTask();
    const byId = new Map(buildTimeline(evidence).map((entry) => [entry.id, entry]));

    expect(byId.get('event:20')).toMatchObject({ kind: 'result', after_ms: 2000 });
    expect(byId.get('event:8')).toMatchObject({ kind: 'progress', after_ms: 0 });
    expect(byId.get('message:run-2')?.at).toBeNull();
    expect(byId.get('event:17')).toMatchObject({ failed: true, details: { error: 'expected 3, got 4\n  at sum' } });
  });

  it('puts messages that are still in the queues where they belong', () => {
    const evidence = retriedTask();
    const base = { entryId: '1767268800000-0', model: 'M', ageMs: 40_000 };
    const queued: QueuedMessage[] = [
      { ...base, stream: 'repository:queue', state: 'dead', requestId: 'merge-2', error: 'no such branch' },
      { ...base, stream: 'engineering:queue', state: 'pending', requestId: 'run-2', consumer: 'langgraph-1' },
      { ...base, stream: 'worker:commands', state: 'waiting', requestId: 'unknown' },
    ];
    const found = buildTimeline({ ...evidence, queued }).filter(({ kind }) => kind === 'queue');

    expect(found.map(({ cause, summary, failed }) => [cause, summary, failed])).toEqual([
      ['message:run-2', 'M from engineering:queue in flight at langgraph-1', undefined],
      ['event:23', 'M is a dead letter in repository:queue:dlq: no such branch', true],
      ['event:26', 'M unread in worker:commands for 40 s', undefined],
    ]);
  });
});

function isLaterEnd(one: TaskEvent, other: TaskEvent): boolean {
  return (
    other.type !== 'started' && other.type !== 'progress' && other.request_id === one.request_id && other.seq > one.seq
  );
}

describe('the verdict', () => {
  const verdict = (evidence: Partial<Evidence>, nowSeconds = 40) => {
    const whole = { task: task(), events: [], attempts: [], deployments: [], queued: [], ...evidence };
    return verdictOf(whole, buildTimeline(whole), BEGAN_MS + nowSeconds * 1000);
  };
  const message: QueuedMessage = {
    ...{ stream: 'worker:commands', entryId: '1-0', model: 'WorkerCommand', state: 'waiting', requestId: 'x' },
    ageMs: 40_000,
  };

  it('of a failed task names the round, the reason and the first line of the error', () => {
    nextSeq = 0;
    const error = 'sum.test.js: expected 3, got 4\nat sum';
    const events = [
      event('run-0', 'test', 'whatever it says', { error, error_type: 'tests_failed', round: 9 }),
      event('run-1', 'test', 'whatever it says', { error, error_type: 'tests_failed', round: 3 }),
      event('run-1', null, 'the tests do not pass', { type: 'failed', error, error_type: 'tests_failed' }),
    ];
    const of = { request_id: 'run-1', status: 'failed', reason: 'tests_failed', error, finished_at: at(9) } as const;

    expect(verdict({ task: task(of), events })).toEqual({
      state: 'failed',
      why: 'it failed in round 3: the tests do not pass – sum.test.js: expected 3, got 4',
      next: { command: 'orchestrator task retry task_1', when: 'to try again, once the cause is fixed' },
    });
    // Those of an older release have no facts: their words are told as they are, and nothing is read from them.
    const old = [
      event('run-1', 'test', 'round 3: the tests ended with tests_failed', { error, error_type: 'tests_failed' }),
      event('run-1', null, 'failed: the tests do not pass', { type: 'failed', error, error_type: 'tests_failed' }),
    ];
    expect(verdict({ task: task(of), events: old }).why).toBe(
      'it failed: failed: the tests do not pass – sum.test.js: expected 3, got 4',
    );
  });

  it('of a running task says what it waits for', () => {
    nextSeq = 0;
    const events = [event('run-1', 'allocate', 'waiting for secrets that .project.yml requires: STRIPE_KEY')];
    const reason = 'waiting_approval';
    const next = { command: 'orchestrator secret set STRIPE_KEY --project proj_1', when: 'to give it' };
    const wait = { type: 'approval', why: 'it waits for what the API says', next };

    const person = task({ type: 'deploy', reason, waits_for: { ...wait, on: 'person' } });
    expect(verdict({ task: person, events })).toEqual({ state: 'waiting', why: wait.why, next });
    const system = task({ reason, waits_for: { ...wait, on: 'system', next: null } });
    expect(verdict({ task: system, events })).toMatchObject({
      ...{ state: 'waiting', why: wait.why },
      next: { command: 'orchestrator engineering wait task_1' },
    });
    // By an API of an older release.
    expect(verdict({ task: task({ reason }), events }).why).toBe('it waits: waiting approval');
    expect(verdict({ queued: [message] })).toMatchObject({
      state: 'waiting',
      why: 'it has waited 40 s for a worker to take its message from worker:commands',
    });
    expect(verdict({ queued: [{ ...message, state: 'dead', error: 'bad config' }] })).toMatchObject({
      state: 'stuck',
      why: 'one of its messages is a dead letter in worker:commands:dlq: bad config',
      next: { command: 'orchestrator queue dlq list worker:commands' },
    });
    expect(verdict({ events: [event('run-1', 'develop', 'round 1 of 3: the developer starts')] })).toMatchObject({
      state: 'running',
      why: 'it is at develop, last event 38 s ago: round 1 of 3: the developer starts',
      next: { command: 'orchestrator engineering wait task_1' },
    });
  });

  it('of a queued task says which task is before it, or that it is not claimed yet', () => {
    const queued = task({ status: 'queued', started_at: null });
    const ahead = task({ id: 'task_0' });

    expect(verdict({ task: queued, ahead })).toMatchObject({
      state: 'waiting',
      why: 'it waits for its turn: task_0 of the same project is running',
      next: { command: 'orchestrator explain task_0' },
    });
    expect(verdict({ task: queued }).why).toContain('it has waited 40 s to be claimed');
    expect(
      verdict({ task: queued, queued: [{ ...message, stream: 'engineering:queue', requestId: 'run-1' }] }).why,
    ).toBe('it has waited 40 s for a service to take its message from engineering:queue');
  });
});
