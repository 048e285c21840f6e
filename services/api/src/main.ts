import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startApi } from './start-api.js';

await runService({ name: 'api', readConfig, start: startApi });
