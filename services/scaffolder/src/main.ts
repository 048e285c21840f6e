import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { scaffolder } from './scaffolder.js';

await runService({ ...scaffolder, readConfig });
