export { type AgentCommand, AgentsFileError, readAgentsFile } from './agents-file.js';
export { readOpenVariables, type WorkerManagerConfig } from './config.js';
export { workerManager } from './worker-manager.js';
