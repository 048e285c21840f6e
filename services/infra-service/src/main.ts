import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startInfraService } from './index.js';

await runService({ name: 'infra-service', readConfig, start: startInfraService });
