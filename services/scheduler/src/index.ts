export { readConfig } from './config.js';
export { type SchedulerConfig, startScheduler } from './start-scheduler.js';
