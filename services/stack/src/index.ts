export { readConfig, type StackConfig } from './config.js';
export { type LoggerFor, type RunningStack, startStack } from './start-stack.js';
