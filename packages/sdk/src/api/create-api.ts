import type { RecordEvents, ServiceName } from '@codegen/contracts';
import { lazyGroups } from './lazy-groups.js';
import { type OutboxQuery, outboxCalls } from './outbox.js';
import { projectCalls } from './projects.js';
import { type ApiOptions, type CallOptions, makeSend } from './request.js';
import { secretCalls } from './secrets.js';
import { allocationCalls, deploymentCalls, serverCalls } from './servers.js';
import { systemCalls } from './system.js';
import { taskCalls } from './tasks.js';
import { keyCalls, userCalls } from './users.js';

/**
 * The REST API as typed calls. Tries again on 408, 429, 5xx, a 409 that is none, and network failures; mutations carry
 * an idempotency key that all tries share.
 * @throws OrchestratorError of every call: the code of the problem document, or NETWORK, TIMEOUT, API_UNAVAILABLE, BAD_RESPONSE
 */
export function createApi(options: ApiOptions) {
  const send = makeSend(options);
  const groups = lazyGroups({
    projects: () => projectCalls(send),
    tasks: () => taskCalls(send),
    servers: () => serverCalls(send),
    allocations: () => allocationCalls(send),
    deployments: () => deploymentCalls(send),
    secrets: () => secretCalls(send),
    users: () => userCalls(send),
    keys: () => keyCalls(send),
  });
  const calls = {
    health: (call?: CallOptions) => systemCalls(send).health(call),
    whoami: (call?: CallOptions) => systemCalls(send).whoami(call),
    services: (call?: CallOptions) => systemCalls(send).services(call),
    noteService: (name: ServiceName, instance: string, version: string, call?: CallOptions) =>
      systemCalls(send).noteService(name, instance, version, call),
    events: { record: (body: RecordEvents, call?: CallOptions) => outboxCalls(send).record(body, call) },
    /** Messages that nobody has published yet. */
    outbox: (query?: OutboxQuery, call?: CallOptions) => outboxCalls(send).list(query, call),
    /** Messages that were published, of tasks that nobody is known to have started; in order of task ids, after the given one. */
    unstarted: (query: { after?: string | undefined; limit?: number | undefined } = {}, call?: CallOptions) =>
      outboxCalls(send).unstarted(query, call),
    /** Tasks that ended more than so many milliseconds ago, in the last day, and whose end no event has told. */
    untold: (query: { older_than_ms: number; limit?: number | undefined }, call?: CallOptions) =>
      outboxCalls(send).untold(query, call),
  };
  return Object.assign(groups, calls);
}

export type Api = ReturnType<typeof createApi>;
