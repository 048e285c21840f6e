import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { scheduler } from './scheduler.js';

await runService({ ...scheduler, readConfig });
