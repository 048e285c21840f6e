import { createdTask, outboxEntry, type RecordEvents } from '@codegen/contracts';
import { z } from 'zod';
import type { CallOptions, Send } from './request.js';

const recorded = z.object({ recorded: z.int() });
const outboxList = z.object({ items: z.array(outboxEntry) });
const createdList = z.object({ items: z.array(createdTask) });

/** How many messages, and how long to wait for the first one (milliseconds, 30 000 at most). */
export interface OutboxQuery {
  limit?: number | undefined;
  wait_ms?: number | undefined;
}

/** What services ask, so that every message is published and every event is stored. */
export function outboxCalls(send: Send) {
  return {
    record: (body: RecordEvents, call?: CallOptions) =>
      send({ method: 'POST', path: '/events', body, schema: recorded }, call),
    list: async ({ limit, wait_ms: waitMs }: OutboxQuery = {}, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox', query: { limit }, schema: outboxList, waitMs }, call)).items,
    unstarted: async (query: object, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox/unstarted', query, schema: outboxList }, call)).items,
    untold: async (query: object, call?: CallOptions) =>
      (await send({ method: 'GET', path: '/outbox/untold', query, schema: createdList }, call)).items,
  };
}
