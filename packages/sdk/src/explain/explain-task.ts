import type { ServiceDeployment, Task, TaskEvent } from '@codegen/contracts';
import type { Api, CallOptions } from '../api/index.js';
import { isOrchestratorError, OrchestratorError } from '../errors.js';
import type { RedisSession } from '../redis-session.js';
import { buildTimeline } from './build-timeline.js';
import type { Evidence, QueuedMessage } from './evidence.js';
import type { ExplainSource, Explanation } from './explanation.js';
import { verdictOf } from './verdict.js';

const PAGE = 1000;

/**
 * Collects everything known about a task, causes before effects. Needs only the API; with a Redis URL it adds the messages
 * that are still in the queues. If Redis does not answer, `sources` says so and nothing is thrown.
 * @throws OrchestratorError TASK_NOT_FOUND if the caller sees no such task
 */
export async function explainTask(
  api: Api,
  session: RedisSession,
  idOrCorrelationId: string,
  options: CallOptions = {},
): Promise<Explanation> {
  const { id, related } = await findTask(api, idOrCorrelationId, options);
  const [{ task, events }, attempts] = await Promise.all([
    readEvents(api, id, options),
    api.tasks.attempts(id, options),
  ]);
  const [deployments, ahead, services] = await Promise.all([
    task.type === 'deploy' ? deploymentsOf(api, task, options) : [],
    task.status === 'queued' ? taskAhead(api, task, options) : undefined,
    task.finished_at === null ? unlessHidden(api.services(options)) : undefined,
  ]);
  const requestIds = [...events, ...attempts].flatMap(({ request_id }) => request_id ?? []);
  const { queued, streams, isUnread } = await readStreams(
    session,
    {
      taskId: task.id,
      correlationId: task.correlation_id,
      requestIds: new Set([task.request_id, ...requestIds]),
      workerIds: [...new Set(attempts.flatMap(({ worker_id }) => worker_id ?? []))],
    },
    options.signal,
  );
  const evidence: Evidence = { task, events, attempts, deployments, queued, ahead, services };
  const entries = buildTimeline(evidence);
  const sources: Record<ExplainSource, string> = {
    api: 'read',
    event: `read: ${events.length}`,
    stream: streams,
    worker: 'read from the attempts',
    git: 'read from attempts and result, not from a repository',
  };
  const { spec: _, ...shown } = task;
  const unread: ExplainSource[] = isUnread ? ['stream'] : [];
  return { task: shown, related, entries, sources, unread, verdict: verdictOf(evidence, entries, Date.now()) };
}

/** Finds a task by its id, or the newest one by a correlation id. */
async function findTask(
  api: Api,
  idOrCorrelationId: string,
  options: CallOptions,
): Promise<{ id: string; related: Explanation['related'] }> {
  if (idOrCorrelationId.startsWith('task_')) return { id: idOrCorrelationId, related: [] };
  const { items } = await api.tasks.page({ correlation_id: idOrCorrelationId, limit: 50 }, options);
  const [newest, ...others] = items;
  if (newest) return { id: newest.id, related: others.map(({ id, type, status }) => ({ id, type, status })) };
  const named = JSON.stringify(idOrCorrelationId.slice(0, 80));
  throw new OrchestratorError('TASK_NOT_FOUND', `there is no task with the correlation id ${named} that you may see`);
}

async function readEvents(api: Api, id: string, options: CallOptions): Promise<{ task: Task; events: TaskEvent[] }> {
  const events: TaskEvent[] = [];
  for (;;) {
    const page = await api.tasks.events(id, { since: events.at(-1)?.seq ?? 0, limit: PAGE }, options);
    events.push(...page.items);
    if (page.items.length < PAGE) return { task: page.task, events };
  }
}

async function deploymentsOf(api: Api, task: Task, options: CallOptions): Promise<ServiceDeployment[]> {
  const found: ServiceDeployment[] = [];
  for await (const deployment of api.deployments.list({ project: task.project_id, limit: 100 }, options)) {
    if (deployment.task_id === task.id) found.push(deployment);
    // Newest first: deployments older than the task are not its own.
    if (Date.parse(deployment.deployed_at) < Date.parse(task.created_at)) break;
  }
  return found;
}

/** Undefined if the caller may not list it, or an API of an older release does not have it. */
async function unlessHidden<T>(reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    if (!isOrchestratorError(error) || (error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND')) throw error;
    return undefined;
  });
}

/** The task of the same project and type that comes before a queued one. */
async function taskAhead(api: Api, task: Task, options: CallOptions): Promise<Task | undefined> {
  const query = { project: task.project_id, type: task.type };
  const running = await api.tasks.page({ ...query, status: 'running', limit: 1 }, options);
  if (running.items[0]) return running.items[0];
  const queued = await api.tasks.page({ ...query, status: 'queued', limit: 100 }, options);
  return queued.items.findLast((other) => other.id < task.id && !other.cancel_requested);
}

async function readStreams(
  session: RedisSession,
  subject: import('./read-queued.js').Subject,
  signal: AbortSignal | undefined,
): Promise<{ queued: QueuedMessage[]; streams: string; isUnread?: true }> {
  if (!session.hasUrl) return { queued: [], streams: 'not read: no Redis URL', isUnread: true };
  try {
    const { readQueued } = await import('./read-queued.js');
    const { messages, cut } = await session.use((store) => readQueued(store.redis, subject), signal);
    const short = cut.length > 0 ? `, but of ${cut.join(', ')} only the oldest entries` : '';
    return { queued: messages, streams: `read${short}` };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isOrchestratorError(error)) throw error;
    return { queued: [], streams: `not read: ${error.message}`, isUnread: true };
  }
}
