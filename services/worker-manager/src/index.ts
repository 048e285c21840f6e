export type { AgentCommand, WorkerManagerConfig } from './config.js';
export { type RunningWorkerManager, startWorkerManager } from './start-worker-manager.js';
