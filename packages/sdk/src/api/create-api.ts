import { createdTask, outboxEntry, type RecordEvents, whoami } from '@codegen/contracts';
import { z } from 'zod';
import { projectCalls } from './projects.js';
import { type ApiOptions, type CallOptions, makeSend } from './request.js';
import { secretCalls } from './secrets.js';
import { allocationCalls, deploymentCalls, serverCalls } from './servers.js';
import { taskCalls } from './tasks.js';
import { keyCalls, userCalls } from './users.js';

const health = z.object({ status: z.string() });
const recorded = z.object({ recorded: z.int() });
const outboxList = z.object({ items: z.array(outboxEntry) });
const createdList = z.object({ items: z.array(createdTask) });

/**
 * The REST API as typed calls. Tries again on 408, 429, 5xx, a 409 that is none, and network failures; mutations carry
 * an idempotency key that all tries share.
 * @throws OrchestratorError of every call: the code of the problem document, or NETWORK, TIMEOUT, API_UNAVAILABLE, BAD_RESPONSE
 */
export function createApi(options: ApiOptions) {
  const send = makeSend(options);
  return {
    health: (call?: CallOptions) => send({ method: 'GET', path: '/health', schema: health }, call),
    whoami: (call?: CallOptions) => send({ method: 'GET', path: '/whoami', schema: whoami }, call),
    projects: projectCalls(send),
    tasks: taskCalls(send),
    events: {
      record: (body: RecordEvents, call?: CallOptions) =>
        send({ method: 'POST', path: '/events', body, schema: recorded }, call),
    },
    /** Messages that nobody has published yet. */
    outbox: async (limit?: number, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox', query: { limit }, schema: outboxList }, call)).items,
    /** Messages that were published, of tasks that nobody is known to have started; in order of task ids, after the given one. */
    unstarted: async (query: { after?: string | undefined; limit?: number | undefined } = {}, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox/unstarted', query, schema: outboxList }, call)).items,
    /** Tasks that ended more than so many milliseconds ago, in the last day, and whose end no event has told. */
    untold: async (query: { older_than_ms: number; limit?: number | undefined }, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox/untold', query, schema: createdList }, call)).items,
    servers: serverCalls(send),
    allocations: allocationCalls(send),
    deployments: deploymentCalls(send),
    secrets: secretCalls(send),
    users: userCalls(send),
    keys: keyCalls(send),
  };
}

export type Api = ReturnType<typeof createApi>;
