export type {
  DeadLetterItem,
  LetterChoice,
  LetterPurge,
  LetterReplay,
  PurgeChoice,
} from './admin/dead-letters.js';
export type { QueuePeek } from './admin/peek-queue.js';
export type { PublishedMessage, PublishMessageOptions } from './admin/publish-message.js';
export type { QueueEntry } from './admin/queue-entry.js';
export type { QueueFigures, QueueSummary } from './admin/queue-figures.js';
export type { QueueCallOptions, QueuesClient } from './admin/queues-client.js';
export type { TailOptions } from './admin/tail-queue.js';
export type { CreatedWorker, WorkerCallOptions, WorkerChangeOptions, WorkerTurn } from './admin/worker-calls.js';
export type { WorkerLogEntry, WorkerLogOptions } from './admin/worker-log.js';
export type { WorkersClient } from './admin/workers-client.js';
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
export {
  MOST_RESPOND_BYTES,
  RESPOND_SOCKET,
  type Responded,
  type RespondRefusal,
  type RespondReply,
  respond,
} from './respond.js';
