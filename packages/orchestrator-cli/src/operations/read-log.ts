import type { TaskEvent } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';

/** Events of a task, and the place to go on from. */
export interface LogPage {
  items: TaskEvent[];
  last_seq: number;
  /** Whether there are events after these already. */
  more: boolean;
}

/** Reads what has happened in a task so far: all of it, or `limit` events. */
export async function readLog(
  client: Orchestrator,
  id: string,
  { since, limit, signal }: { since: number; limit: number | undefined; signal: AbortSignal },
): Promise<LogPage> {
  const items: TaskEvent[] = [];
  let more = false;
  for await (const event of client.tasks.logs(id, { since, signal })) {
    more = items.length === limit;
    if (more) break;
    items.push(event);
  }
  return { items, last_seq: items.at(-1)?.seq ?? since, more };
}
