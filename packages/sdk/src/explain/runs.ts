import { type Attempt, isTerminalEvent, type Task, type TaskEvent } from '@codegen/contracts';
import type { Evidence } from './evidence.js';

/** The step of the event for a cancel request. */
export const CANCEL = 'cancel';

/** Events of one visit to a step: the flow's request, reports meanwhile, the result. */
export interface Stage {
  step: string;
  /** The flow's request; undefined if only the executor has reported so far. */
  opening: TaskEvent | undefined;
  /** Reports in between, in order. */
  between: TaskEvent[];
  /** The event that ended it. */
  result: TaskEvent | undefined;
  /** Of the messages that the flow sent, if their executors have reported them. */
  requestIds: Set<string>;
}

/** One run of a task: the first, or a retry. */
export interface Run {
  requestId: string;
  claim: Attempt | undefined;
  /** Of workers that replaced lost ones. */
  replacements: Attempt[];
  stages: Stage[];
  end: TaskEvent | undefined;
}

/**
 * Groups events and attempts by run. Uses no clock: events by seq and request, attempts by epoch and the request that
 * opened them.
 */
export function runsOf({ task, events, attempts }: Pick<Evidence, 'task' | 'events' | 'attempts'>): Run[] {
  const ordered = [...events].sort((a, b) => a.seq - b.seq);
  const byEpoch = [...attempts].sort((a, b) => a.epoch - b.epoch);
  const runs = runIds(task, ordered, byEpoch).map((requestId): Run => {
    return { requestId, claim: undefined, replacements: [], stages: [], end: undefined };
  });
  assignAttempts(runs, byEpoch);
  assignEvents(runs, ordered);
  return runs;
}

/** The flow's events carry the request id of their run; an executor's carry that of the message it handles. */
function runIds(task: Task, events: readonly TaskEvent[], attempts: readonly Attempt[]): string[] {
  const seen = new Set(events.map((event) => event.request_id));
  const ids = new Set<string>();
  const [first] = attempts;
  if (first?.opened_by) ids.add(first.opened_by);
  for (const event of events) if (event.type !== 'progress') ids.add(event.request_id);
  for (const { opened_by } of attempts) if (opened_by && seen.has(opened_by)) ids.add(opened_by);
  ids.delete(task.request_id);
  const seqOf = new Map(events.map((event) => [event.request_id, event.seq]));
  const earlier = [...ids].sort((a, b) => (seqOf.get(a) ?? 0) - (seqOf.get(b) ?? 0));
  return [...earlier, task.request_id];
}

function assignAttempts(runs: readonly Run[], attempts: readonly Attempt[]): void {
  let [run] = runs;
  for (const attempt of attempts) {
    const claimed = runs.find(({ requestId }) => requestId === attempt.opened_by);
    if (claimed) run = claimed;
    if (claimed && !claimed.claim) claimed.claim = attempt;
    else run?.replacements.push(attempt);
  }
}

function assignEvents(runs: readonly Run[], events: readonly TaskEvent[]): void {
  const byId = new Map(runs.map((run) => [run.requestId, run]));
  const homes = new Map<string, Stage>();
  const drafts = new Map<Run, Draft[]>(runs.map((run) => [run, []]));
  let latest = runs[0] as Run;
  for (const event of events) {
    const own = byId.get(event.request_id);
    latest = own ?? latest;
    if (own && isTerminalEvent(event)) {
      own.end = event;
      continue;
    }
    const stages = drafts.get(own ?? latest) as Draft[];
    if (event.current_step === CANCEL) ofCancel(stages, event);
    else if (own) ofFlow(stages, event);
    else ofExecutor(stages, homes, event);
  }
  for (const run of runs) {
    const stages = drafts.get(run) as Draft[];
    run.stages = stages.map((stage, at) => finish(stage, at === stages.length - 1 && !run.end));
  }
}

/** A stage while its events are gathered. */
interface Draft extends Stage {
  flow: TaskEvent[];
  closed: boolean;
}

function open(stages: Draft[], event: TaskEvent): Draft {
  const step = event.current_step ?? event.type;
  const stage = { step, opening: undefined, between: [], result: undefined, requestIds: new Set<string>() };
  stages.push({ ...stage, flow: [], closed: false });
  return stages.at(-1) as Draft;
}

/** A cancel request may come within a step, or before the task has begun. */
function ofCancel(stages: Draft[], event: TaskEvent): void {
  const stage = stages.at(-1) ?? open(stages, event);
  stage.between.push(event);
}

/** Another step, or the same one after a failure, is a new stage. */
function ofFlow(stages: Draft[], event: TaskEvent): void {
  const last = stages.at(-1);
  const stays = last && !last.closed && last.step === (event.current_step ?? event.type);
  const stage = stays ? last : open(stages, event);
  stage.flow.push(event);
  stage.closed = event.error !== null || event.error_type !== null;
}

/** An executor may report before the flow's request event: the message is sent first. */
function ofExecutor(stages: Draft[], homes: Map<string, Stage>, event: TaskEvent): void {
  const last = stages.at(-1);
  const fits = last && !last.closed && (event.current_step === null || last.step === event.current_step);
  const stage = homes.get(event.request_id) ?? (fits ? last : open(stages, event));
  homes.set(event.request_id, stage);
  stage.requestIds.add(event.request_id);
  stage.between.push(event);
}

/** Separates the request from the result, once all events are there. */
function finish({ flow, closed: _, ...stage }: Draft, isOpen: boolean): Stage {
  const [first, ...rest] = flow;
  if (!first) return stage;
  const reportedBefore = stage.between.some(({ seq }) => seq < first.seq);
  const failed = first.error !== null || first.error_type !== null;
  if (rest.length === 0 && (failed || (reportedBefore && !isOpen))) return { ...stage, result: first };
  const last = rest.at(-1);
  const cancel = stage.between.find(({ current_step }) => current_step === CANCEL);
  const isResult =
    last && (!isOpen || last.error !== null || last.error_type !== null) && (cancel?.seq ?? 0) < last.seq;
  const result = isResult ? last : undefined;
  const others = rest.filter((event) => event !== result);
  return { ...stage, opening: first, result, between: [...stage.between, ...others].sort((a, b) => a.seq - b.seq) };
}
