export type { LanggraphConfig } from './config.js';
export { langgraph } from './langgraph.js';
