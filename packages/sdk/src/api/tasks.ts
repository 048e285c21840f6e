import {
  type AttemptReport,
  attempt,
  type CreateTask,
  claimedTask,
  createdTask,
  type FailTask,
  type ListTasksQuery,
  pageOf,
  type TransitionTask,
  task,
  taskEventPage,
} from '@codegen/contracts';
import { z } from 'zod';
import { walkPages } from './pages.js';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const taskPage = pageOf(task);
const transitioned = z.object({ changed: z.boolean(), task });
const raisedAttempt = z.object({ epoch: z.int(), task });
const attemptList = z.object({ items: z.array(attempt) });

/** Where to go on in a task's events, and how long to wait for the next one (milliseconds, 30 000 at most; less behind a proxy that cuts what takes long). */
export interface EventsQuery {
  since?: number | undefined;
  wait_ms?: number | undefined;
  limit?: number | undefined;
}

/** Tasks: made by people, claimed and ended by langgraph; `fail` is for an administrator. */
export function taskCalls(send: Send) {
  const page = (query: ListTasksQuery = {}, options?: CallOptions) =>
    send({ method: 'GET', path: '/tasks', query, identifiers: [query.project], schema: taskPage }, options);
  return {
    create: (body: CreateTask, options?: CallOptions) =>
      send({ method: 'POST', path: '/tasks', body, identifiers: [body.project], schema: createdTask }, options),
    page,
    list: (query: ListTasksQuery = {}, options: CallOptions = {}) => walkPages(page, query, options),
    get: (id: string, options?: CallOptions) =>
      send({ method: 'GET', path: path`/tasks/${id}`, schema: task }, options),
    events: (id: string, { wait_ms: waitMs, ...query }: EventsQuery = {}, options?: CallOptions) =>
      send({ method: 'GET', path: path`/tasks/${id}/events`, query, schema: taskEventPage, waitMs }, options),
    cancel: (id: string, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/cancel`, schema: task }, options),
    fail: (id: string, body: FailTask, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/fail`, body, schema: task }, options),
    retry: (id: string, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/retry`, schema: createdTask }, options),
    claim: (id: string, body: { request_id: string }, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/claim`, body, schema: claimedTask }, options),
    transition: (id: string, body: TransitionTask, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/transition`, body, schema: transitioned }, options),
    nextAttempt: (id: string, body: { epoch: number; request_id: string }, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/attempts`, body, schema: raisedAttempt }, options),
    attempts: async (id: string, options?: CallOptions) =>
      (await send({ method: 'GET', path: path`/tasks/${id}/attempts`, schema: attemptList }, options)).items,
    reportAttempt: (id: string, epoch: number, body: AttemptReport, options?: CallOptions) =>
      send({ method: 'PUT', path: path`/tasks/${id}/attempts/${epoch}`, body, schema: attempt }, options),
    published: (id: string, body: { request_id: string }, options?: CallOptions) =>
      send({ method: 'POST', path: path`/tasks/${id}/published`, body }, options),
  };
}
