import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startScheduler } from './start-scheduler.js';

await runService({ name: 'scheduler', readConfig, start: startScheduler });
