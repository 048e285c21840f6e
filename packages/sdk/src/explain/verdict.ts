import { queues, serviceNames, type Task, wireDatetimeToMs } from '@codegen/contracts';
import type { NextStep } from '../errors.js';
import { paste } from '../errors.js';
import type { Evidence, QueuedMessage } from './evidence.js';
import type { ExplainEntry, Verdict } from './explanation.js';

/** The state of a task and why in one sentence, and the next command to run. `nowMs` only gives waiting times. */
export function verdictOf(evidence: Evidence, entries: readonly ExplainEntry[], nowMs: number): Verdict {
  const { task } = evidence;
  if (task.status === 'completed') return completed(task);
  if (task.status === 'failed') return failed(evidence, entries);
  if (task.status === 'cancelled') {
    return { state: 'cancelled', why: 'it was cancelled on request', next: retry(task, 'to run it again') };
  }
  return (
    stuck(evidence) ??
    unattended(evidence) ??
    (task.status === 'queued' ? queued(evidence, nowMs) : running(evidence, entries, nowMs))
  );
}

function completed(task: Task): Verdict {
  const { id, type, project_id, result, started_at, finished_at } = task;
  const took = started_at && finished_at ? ` in ${seconds(msOf(finished_at) - msOf(started_at))}` : '';
  if (type === 'deploy') {
    const why = `it completed${took}: ${text(result?.deployed_url) ?? 'the project'} serves the release`;
    return {
      state: 'completed',
      why,
      next: { command: paste`orchestrator deploy status ${id}`, when: 'to see where it runs' },
    };
  }
  const sha = text(result?.commit_sha)?.slice(0, 12);
  const why = `it completed${took}${sha ? `: main is at ${sha}` : ''}`;
  const command = paste`orchestrator deploy start --project ${project_id} --wait`;
  return { state: 'completed', why, next: { command, when: 'to deploy it' } };
}

function failed({ task, events }: Evidence, entries: readonly ExplainEntry[]): Verdict {
  const end = entries.findLast(({ kind }) => kind === 'end');
  const words = end?.summary || (task.reason ?? '').replaceAll('_', ' ') || 'no reason given';
  const round = Math.max(
    ...events.filter(({ request_id }) => request_id === task.request_id).map((event) => event.round ?? 0),
    0,
  );
  const detail = firstLine(task.error);
  const where = round ? ` in round ${round}` : '';
  const why = `it failed${where}: ${words}${detail && detail !== words ? ` – ${detail}` : ''}`;
  return { state: 'failed', why, next: retry(task, 'to try again, once the cause is fixed') };
}

/** Dead letters are not retried. */
function stuck({ queued: messages }: Evidence): Verdict | undefined {
  const dead = messages.find(({ state }) => state === 'dead');
  if (!dead) return undefined;
  const why = `one of its messages is a dead letter in ${dead.stream}:dlq: ${firstLine(dead.error) ?? 'no reason given'}`;
  const next = { command: paste`orchestrator queue dlq list ${dead.stream}`, when: 'to see it and how to replay it' };
  return { state: 'stuck', why, next };
}

/** A task waits while a service that it needs does not run. Unknown without any service: older releases do not report themselves. */
function unattended({ task, queued: messages, services = [] }: Evidence): Verdict | undefined {
  if (services.length === 0) return undefined;
  const unpublished = task.status === 'queued' && !messages.some(({ requestId }) => requestId === task.request_id);
  const readers = messages.flatMap(({ stream }) => queues.find((queue) => queue.stream === stream)?.consumers ?? []);
  const needed: readonly string[] = ['langgraph', ...(unpublished ? ['scheduler'] : []), ...readers];
  const alive = new Set(services.filter(({ state }) => state === 'alive').map(({ name }) => name));
  const absent = serviceNames.filter((name) => needed.includes(name) && !alive.has(name));
  if (absent.length === 0) return undefined;
  const why = `it waits for ${absent.join(' and ')}, which ${absent.length > 1 ? 'do' : 'does'} not run`;
  return {
    state: 'waiting',
    why,
    next: { command: 'orchestrator diagnose services', when: 'to see which services run' },
  };
}

function queued({ task, queued: messages, ahead }: Evidence, nowMs: number): Verdict {
  const since = seconds(nowMs - msOf(task.updated_at));
  if (ahead) {
    const why = `it waits for its turn: ${ahead.id} of the same project is ${ahead.status}`;
    return {
      state: 'waiting',
      why,
      next: { command: paste`orchestrator explain ${ahead.id}`, when: 'to see what that task does' },
    };
  }
  const own = messages.find(({ requestId }) => requestId === task.request_id);
  if (own) return { state: 'waiting', why: waitsInQueue(own), next: diagnose(own) };
  const why = `it has waited ${since} to be claimed; its message is published again until it is`;
  return { state: 'waiting', why, next: diagnose(own) };
}

function running({ task, queued: messages }: Evidence, entries: readonly ExplainEntry[], nowMs: number): Verdict {
  const last = entries.findLast(({ source }) => source === 'event') ?? entries.at(-1);
  const follow: NextStep = {
    command: paste`orchestrator ${task.type} wait ${task.id}`,
    when: 'to follow it to its end',
  };
  if (task.cancel_requested) {
    return { state: 'running', why: 'cancel requested; it ends with its current step', next: follow };
  }
  const { waits_for: wait } = task;
  if (wait) return { state: 'waiting', why: wait.why, next: wait.next ?? follow };
  const unread = messages.find(({ state, stream }) => state !== 'pending' && stream !== 'task:events');
  if (unread) return { state: 'waiting', why: waitsInQueue(unread), next: diagnose(unread) };
  if (task.reason) return { state: 'waiting', why: `it waits: ${task.reason.replaceAll('_', ' ')}`, next: follow };
  const ago = last?.at ? seconds(nowMs - msOf(last.at)) : undefined;
  const step = text(last?.details.step);
  const why = `it is${step ? ` at ${step}` : ' under way'}${ago ? `, last event ${ago} ago` : ''}: ${last?.summary ?? ''}`;
  return { state: 'running', why, next: follow };
}

function waitsInQueue({ stream, state, consumer, dueInMs, ageMs }: QueuedMessage): string {
  if (state === 'pending') return `its message from ${stream} is in flight at ${consumer}`;
  if (state === 'delayed') return `one of its messages is delayed: it is back in ${stream} in ${seconds(dueInMs ?? 0)}`;
  const whom = stream.startsWith('worker:') ? 'a worker' : 'a service';
  return `it has waited ${seconds(ageMs)} for ${whom} to take its message from ${stream}`;
}

function diagnose(message: QueuedMessage | undefined): NextStep {
  if (!message) return { command: 'orchestrator diagnose', when: 'to see whether everything runs' };
  return { command: 'orchestrator diagnose redis', when: 'to see whether the queues make progress' };
}

function retry({ id }: Task, when: string): NextStep {
  return { command: paste`orchestrator task retry ${id}`, when };
}

function firstLine(error: string | null | undefined): string | undefined {
  return error
    ?.split('\n')
    .find((line) => line.trim() !== '')
    ?.trim();
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}

function msOf(at: string): number {
  return wireDatetimeToMs(at) ?? 0;
}
