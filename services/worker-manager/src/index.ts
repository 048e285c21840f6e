export { type AgentCommand, parseAgents, readOpenVariables, type WorkerManagerConfig } from './config.js';
export { type RunningWorkerManager, startWorkerManager } from './start-worker-manager.js';
