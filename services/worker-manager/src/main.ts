import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { workerManager } from './worker-manager.js';

await runService({ ...workerManager, readConfig });
