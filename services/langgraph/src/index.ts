export { readConfig } from './config.js';
export { type LanggraphConfig, startLanggraph } from './start-langgraph.js';
