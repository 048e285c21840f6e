export { type AgentCommand, AgentsFileError, readAgentsFile } from './agents-file.js';
export { readOpenVariables, type WorkerManagerConfig } from './config.js';
export { type RunningWorkerManager, startWorkerManager } from './start-worker-manager.js';
