import { createdTask, identifier, type OutboxEntry, outboxEntry } from '@codegen/contracts';
import { z } from 'zod';
import { type Caller, callerOf, requireStillValid } from '../auth.js';
import { OUTBOX } from '../changes.js';
import { listOutbox, listUnstarted, listUntold } from '../store/outbox.js';
import type { Dependencies, Routes } from './dependencies.js';
import { whileOpen } from './while-open.js';

/** What falls due, and what another replica has put there, is seen this late; this process's own at once. */
const LOOK_AGAIN_MS = 500;

const limit = z.coerce.number().int().min(1).max(500).default(100);
const entries = z.object({ items: z.array(outboxEntry) });

/** What is owed to the queues: messages for the relay, and what may have been lost there. */
export const outboxRoutes: Routes = async (app, deps) => {
  const { db } = deps;
  app.get(
    '/outbox',
    {
      schema: {
        operationId: 'listOutbox',
        querystring: z.object({
          limit,
          wait_ms: z.coerce.number().int().min(0).max(30_000).default(0).describe('Wait this long for the first one'),
        }),
        response: { 200: entries },
      },
    },
    async (request, reply) =>
      whileOpen(reply, deps.stopping, async (signal) => ({
        items: await pollOutbox(deps, callerOf(request), request.query, signal),
      })),
  );

  app.get(
    '/outbox/unstarted',
    {
      schema: {
        operationId: 'listUnstarted',
        querystring: z.object({
          limit,
          after: identifier.optional().describe('Id of the last task of the page before'),
        }),
        response: { 200: entries },
      },
    },
    async (request) => ({ items: await listUnstarted(db, request.query) }),
  );

  app.get(
    '/outbox/untold',
    {
      schema: {
        operationId: 'listUntold',
        querystring: z.object({ limit, older_than_ms: z.coerce.number().int().min(0).max(86_400_000) }),
        response: { 200: z.object({ items: z.array(createdTask) }) },
      },
    },
    async (request) => ({ items: await listUntold(db, request.query) }),
  );
};

/** The outbox, at the latest after `wait_ms`: before that once something is in it. */
async function pollOutbox(
  { db, changes }: Dependencies,
  caller: Caller,
  { limit, wait_ms }: { limit: number; wait_ms: number },
  signal: AbortSignal,
): Promise<OutboxEntry[]> {
  const deadline = Date.now() + wait_ms;
  const watch = changes.watch(OUTBOX);
  try {
    for (;;) {
      const items = await listOutbox(db, limit);
      const remainingMs = deadline - Date.now();
      if (items.length > 0 || remainingMs <= 0 || signal.aborted) return items;
      await watch.next(Math.min(remainingMs, LOOK_AGAIN_MS), signal);
      await requireStillValid(db, caller);
    }
  } finally {
    watch.stop();
  }
}
