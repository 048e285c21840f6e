export { type RunningScaffolder, type ScaffolderConfig, startScaffolder } from './start-scaffolder.js';
