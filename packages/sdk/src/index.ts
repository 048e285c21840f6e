export type { ApiCall, ApiOptions, CallOptions, ListDeploymentsQuery, Page } from './api/index.js';
export {
  type ErrorCode,
  isOrchestratorError,
  type NextStep,
  OrchestratorError,
} from './errors.js';
export type { DeployOrder } from './handles/deploy.js';
export type { EngineeringOrder } from './handles/engineering.js';
export type { FollowOptions } from './handles/follow-task.js';
export type { ResultOptions, TaskHandle } from './handles/task-handle.js';
export type { LogsOptions } from './handles/task-logs.js';
export { Orchestrator, type OrchestratorOptions } from './orchestrator.js';
