import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startScaffolder } from './start-scaffolder.js';

await runService({ name: 'scaffolder', readConfig, start: startScaffolder });
