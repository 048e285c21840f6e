import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startWorkerManager } from './start-worker-manager.js';

await runService({ name: 'worker-manager', readConfig, start: startWorkerManager });
