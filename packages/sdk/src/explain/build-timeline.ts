import { type Attempt, type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import { type Evidence, type QueuedMessage, timeOf } from './evidence.js';
import type { ExplainEntry } from './explanation.js';
import { CANCEL, type Run, runsOf, type Stage } from './runs.js';

type NewEntry = Omit<ExplainEntry, 'after_ms' | 'failed'> & { failed?: boolean };

/**
 * Builds the timeline of a task, causes before effects: task → message → claim → step → reports of its executor, worker and
 * git → result → … → end. Seq, epoch and request ids give the order; times only give durations.
 */
export function buildTimeline(evidence: Evidence): ExplainEntry[] {
  return new Timeline(evidence).entries;
}

class Timeline {
  readonly entries: ExplainEntry[] = [];
  readonly #unlisted: Set<QueuedMessage>;
  readonly #lastDeploy: Stage | undefined;
  /** Requests of deploys that their executor has reported on. */
  readonly #executed: ReadonlySet<string>;

  constructor(private readonly evidence: Evidence) {
    const { task, queued } = evidence;
    this.#unlisted = new Set([...queued].sort((a, b) => compare(a.stream, b.stream) || compare(a.entryId, b.entryId)));
    const details = { project_id: task.project_id, correlation_id: task.correlation_id };
    this.#add({
      id: 'task',
      at: task.created_at,
      source: 'api',
      kind: 'created',
      summary: `${task.type} task`,
      details,
    });
    const runs = runsOf(evidence);
    const deploys = runs.flatMap(({ stages }) => stages).filter(({ step }) => step === 'deploy');
    this.#lastDeploy = deploys.at(-1);
    this.#executed = new Set(deploys.flatMap(({ requestIds }) => [...requestIds]));
    let cause = 'task';
    for (const [at, run] of runs.entries())
      cause = this.#addRun(run, { cause, first: at === 0, last: run === runs.at(-1) });
  }

  #addRun(run: Run, { cause, first, last }: { cause: string; first: boolean; last: boolean }): string {
    const { task } = this.evidence;
    const { requestId, claim } = run;
    const message = this.#add({
      id: `message:${requestId}`,
      at: first ? task.created_at : null,
      source: 'api',
      kind: 'message',
      cause,
      summary: `${first ? 'message' : 'retry: a new message'} for ${task.type}:queue`,
      details: { request_id: requestId },
    });
    this.#addQueued(message, ({ requestId: id }) => id === requestId);
    let tail = message;
    if (claim) {
      tail = this.#add({
        id: `claim:${claim.epoch}`,
        at: claim.started_at,
        source: 'api',
        kind: 'claim',
        cause: message,
        summary: `claimed, epoch ${claim.epoch}`,
        details: { epoch: claim.epoch },
      });
    }
    const attempts = [...(claim ? [claim] : []), ...run.replacements];
    const homes = homesOf(attempts, run.stages);
    const waiting = [...run.replacements];
    for (const stage of run.stages) {
      while (waiting[0] && startsBefore(waiting[0], stage))
        tail = this.#addReplacement(waiting.shift() as Attempt, tail);
      tail = this.#addStage(stage, tail, homes.get(stage) ?? []);
    }
    for (const attempt of waiting) tail = this.#addReplacement(attempt, tail);
    for (const attempt of homes.get(undefined) ?? []) this.#addWorker(attempt, tail);
    if (last) {
      this.#addQueued(tail, () => true);
      // An API of an older release stores no event for it.
      if (task.cancel_requested && !this.entries.some(({ kind }) => kind === 'cancel')) this.#addCancel();
    }
    return this.#addEnd(run, tail, last);
  }

  #addReplacement(attempt: Attempt, cause: string): string {
    const { epoch } = attempt;
    const summary = `lost worker replaced, epoch ${epoch}`;
    return this.#add({
      id: `attempt:${epoch}`,
      at: attempt.started_at,
      source: 'api',
      kind: 'attempt',
      cause,
      summary,
      details: { epoch },
    });
  }

  #addStage(stage: Stage, cause: string, attempts: readonly Attempt[]): string {
    const [firstReport, ...laterReports] = stage.between;
    const begins = stage.opening ?? firstReport;
    const opening = begins ? this.#addEvent(begins, begins.current_step === CANCEL ? 'cancel' : 'step', cause) : cause;
    for (const event of stage.opening ? stage.between : laterReports) {
      this.#addEvent(event, event.current_step === CANCEL ? 'cancel' : 'progress', opening);
    }
    this.#addQueued(opening, ({ requestId }) => {
      if (requestId === undefined) return false;
      return stage.requestIds.has(requestId) || attempts.some((attempt) => attempt.request_id === requestId);
    });
    for (const attempt of attempts) this.#addWorker(attempt, opening);
    if (stage.step === 'deploy') this.#addDeployments(stage, opening);
    if (!stage.result) return opening;
    const result = this.#addEvent(stage.result, 'result', opening);
    if (stage.step === 'merge') this.#addMain(stage.result, result);
    return result;
  }

  #addEvent(event: TaskEvent, kind: ExplainEntry['kind'], cause: string): string {
    const { seq, current_step: step, type, recorded_at: _, task_id: __, ...fields } = event;
    const { message, error, error_type } = fields;
    const failed = error !== null || error_type !== null;
    return this.#add({
      id: `event:${seq}`,
      at: timeOf(event),
      seq,
      source: 'event',
      kind,
      cause,
      failed,
      summary: message ?? error ?? type,
      details: { step, ...fields },
    });
  }

  #addWorker(attempt: Attempt, cause: string): void {
    const { worker_id, epoch, finished_at, exit_code, usage, result } = attempt;
    if (worker_id === null) return;
    const outcome = result?.status === undefined ? undefined : String(result.reason ?? result.status);
    const ended = outcome ?? (finished_at ? 'ended' : 'at work');
    const id = this.#add({
      id: `worker:${worker_id}`,
      at: finished_at,
      source: 'worker',
      kind: 'worker',
      cause,
      failed: result?.status !== undefined && result.status !== 'success',
      summary: `${ended}${exit_code === null ? '' : `, exit code ${exit_code}`}: ${worker_id}`,
      details: { worker_id, epoch, exit_code, usage, request_id: attempt.request_id, error: result?.error ?? null },
    });
    const { commit_sha, branch, files_changed } = result ?? {};
    if (typeof commit_sha !== 'string') return;
    const files = Array.isArray(files_changed) ? `, ${files_changed.length} files` : '';
    this.#add({
      id: `commit:${commit_sha}`,
      at: finished_at,
      source: 'git',
      kind: 'commit',
      cause: id,
      summary: `commit ${commit_sha.slice(0, 12)}${typeof branch === 'string' ? ` on ${branch}` : ''}${files}`,
      details: { commit_sha, branch: branch ?? null, files_changed: files_changed ?? null },
    });
  }

  /** A deployment whose request no executor has reported belongs to the last deploy. */
  #addDeployments(stage: Stage, cause: string): void {
    for (const deployment of [...this.evidence.deployments].sort((a, b) => compare(a.id, b.id))) {
      const { request_id } = deployment;
      const isOurs =
        stage.requestIds.has(request_id) || (stage === this.#lastDeploy && !this.#executed.has(request_id));
      if (!isOurs) continue;
      const id = `deployment:${deployment.id}`;
      const { url, commit_sha, deployed_at, server_handle, port } = deployment;
      const summary = `commit ${commit_sha.slice(0, 12)} recorded at ${url}`;
      const details = { url, commit_sha, server_handle, port, request_id };
      this.#add({ id, at: deployed_at, source: 'api', kind: 'deployment', cause, summary, details });
    }
  }

  #addMain(merged: TaskEvent, cause: string): void {
    const { task } = this.evidence;
    const sha = task.result?.commit_sha;
    if (merged.request_id !== task.request_id || task.status !== 'completed' || typeof sha !== 'string') return;
    const summary = `main is at ${sha.slice(0, 12)}`;
    this.#add({
      id: `main:${sha}`,
      at: task.finished_at,
      source: 'git',
      kind: 'main',
      cause,
      summary,
      details: { main_sha: sha },
    });
  }

  #addQueued(cause: string, belongs: (message: QueuedMessage) => boolean): void {
    for (const message of [...this.#unlisted].filter(belongs)) {
      this.#unlisted.delete(message);
      const { stream, entryId, state, ...details } = message;
      this.#add({
        id: `${state}:${stream}:${entryId}`,
        at: addedAt(message),
        source: 'stream',
        kind: 'queue',
        cause,
        failed: state === 'dead',
        summary: describeQueued(message),
        details: { stream, entry_id: entryId, state, ...details },
      });
    }
  }

  #addCancel(): void {
    const summary = 'cancel requested';
    this.#add({ id: 'cancel', at: null, source: 'api', kind: 'cancel', cause: 'task', summary, details: {} });
  }

  #addEnd({ end }: Run, cause: string, last: boolean): string {
    const { status, error, reason, finished_at } = this.evidence.task;
    if (end) return this.#addEvent(end, 'end', cause);
    if (!last || finished_at === null) return cause;
    const failed = status === 'failed';
    return this.#add({
      id: 'end',
      at: finished_at,
      source: 'api',
      kind: 'end',
      cause,
      failed,
      summary: status,
      details: { reason, error },
    });
  }

  #add({ failed, ...entry }: NewEntry): string {
    const cause = this.entries.find(({ id }) => id === entry.cause);
    const afterMs = cause?.at && entry.at ? msOf(entry.at) - msOf(cause.at) : undefined;
    this.entries.push({
      ...entry,
      ...(afterMs !== undefined && { after_ms: Math.max(0, afterMs) }),
      ...(failed && { failed: true }),
    });
    return entry.id;
  }
}

/** Attempts by the stage in which their worker last reported; under `undefined` those without a stage. */
function homesOf(attempts: readonly Attempt[], stages: readonly Stage[]): Map<Stage | undefined, Attempt[]> {
  const homes = new Map<Stage | undefined, Attempt[]>();
  for (const [at, attempt] of attempts.entries()) {
    const next = attempts[at + 1];
    const named = stages.find(({ requestIds }) => attempt.request_id !== null && requestIds.has(attempt.request_id));
    const its = stages.filter((stage) => stage.step === 'develop' && !(next && startsBefore(next, stage)));
    const home = named ?? its.at(-1);
    homes.set(home, [...(homes.get(home) ?? []), attempt]);
  }
  return homes;
}

/** Both times are of the database's clock, so they can be compared. */
function startsBefore(attempt: Attempt, { opening, between, result }: Stage): boolean {
  const first = opening ?? between[0] ?? result;
  return first !== undefined && msOf(attempt.started_at) <= msOf(timeOf(first));
}

function addedAt({ entryId }: QueuedMessage): string | null {
  const ms = Number(entryId.split('-')[0]);
  return Number.isSafeInteger(ms) && ms > 0 ? new Date(ms).toISOString() : null;
}

function describeQueued({ stream, model, state, consumer, deliveries, dueInMs, error, ageMs }: QueuedMessage): string {
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  if (state === 'dead') return `${model} is a dead letter in ${stream}:dlq: ${error ?? 'no reason given'}`;
  if (state === 'delayed') return `${model} delayed, back in ${stream} in ${seconds(dueInMs ?? 0)}`;
  if (state === 'waiting') return `${model} unread in ${stream} for ${seconds(ageMs)}`;
  return `${model} from ${stream} in flight at ${consumer}${(deliveries ?? 1) > 1 ? `, delivery ${deliveries}` : ''}`;
}

function msOf(text: string): number {
  return wireDatetimeToMs(text) ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
