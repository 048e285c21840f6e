export { readConfig } from './config.js';
export { type LanggraphConfig, type RunningLanggraph, startLanggraph } from './start-langgraph.js';
