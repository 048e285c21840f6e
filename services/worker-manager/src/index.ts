export type { AgentCommand, WorkerManagerConfig } from './config.js';
export { startWorkerManager } from './start-worker-manager.js';
