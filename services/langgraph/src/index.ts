export { type LanggraphConfig, startLanggraph } from './start-langgraph.js';
