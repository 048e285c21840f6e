export type { ScaffolderConfig } from './config.js';
export { scaffolder } from './scaffolder.js';
