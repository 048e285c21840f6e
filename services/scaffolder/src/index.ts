export type { ScaffolderConfig } from './config.js';
export { type RunningScaffolder, startScaffolder } from './start-scaffolder.js';
