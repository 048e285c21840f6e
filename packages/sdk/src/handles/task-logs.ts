import type { TaskEvent } from '@codegen/contracts';
import type { Api } from '../api/index.js';
import { type FollowOptions, followTask } from './follow-task.js';

/** The API's limit for a page of events. */
const PAGE_SIZE = 1000;

export interface LogsOptions extends FollowOptions {
  /** Go on with new events, up to the task's last one. */
  follow?: boolean | undefined;
}

/** Yields a task's events after `since`, each once and in order: the present ones, or with `follow` all up to its last one. */
export async function* taskLogs(
  api: Api,
  id: string,
  { follow = false, ...options }: LogsOptions = {},
): AsyncGenerator<TaskEvent, void, undefined> {
  if (follow) return yield* followTask(api, id, options);
  const { since = 0, signal } = options;
  let position = since;
  for (;;) {
    const { items } = await api.tasks.events(id, { since: position, limit: PAGE_SIZE }, { signal });
    for (const event of items) {
      yield event;
      signal?.throwIfAborted();
    }
    if (items.length < PAGE_SIZE) return;
    position = items.at(-1)?.seq ?? position;
  }
}
