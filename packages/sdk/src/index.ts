export type { ApiCall, ApiOptions, CallOptions, ListDeploymentsQuery, Page } from './api/index.js';
export {
  type ErrorCode,
  isOrchestratorError,
  type NextStep,
  OrchestratorError,
} from './errors.js';
export type { ExplainEntry, Explanation } from './explain/explanation.js';
export type { DeployOrder } from './handles/deploy.js';
export type { EngineeringOrder } from './handles/engineering.js';
export type { FollowOptions } from './handles/follow-task.js';
export type { CompletedTask, ResultOptions, TaskHandle } from './handles/task-handle.js';
export type { LogsOptions } from './handles/task-logs.js';
export { Orchestrator, type OrchestratorOptions } from './orchestrator.js';
export type {
  DeadLetterItem,
  LetterChoice,
  LetterPurge,
  LetterReplay,
  PurgeChoice,
} from './queues/dead-letters.js';
export type { QueuePeek } from './queues/peek-queue.js';
export type { PublishedMessage, PublishMessageOptions } from './queues/publish-message.js';
export type { QueueEntry } from './queues/queue-entry.js';
export type { QueueFigures, QueueSummary } from './queues/queue-figures.js';
export type { QueueCallOptions, QueuesClient } from './queues/queues-client.js';
export type { TailOptions } from './queues/tail-queue.js';
export {
  MOST_RESPOND_BYTES,
  RESPOND_SOCKET,
  type Responded,
  type RespondRefusal,
  type RespondReply,
  respond,
} from './respond.js';
export type { CreatedWorker, WorkerCallOptions, WorkerChangeOptions, WorkerTurn } from './workers/worker-calls.js';
export type { WorkerLogEntry, WorkerLogOptions } from './workers/worker-log.js';
export type { WorkersClient } from './workers/workers-client.js';
