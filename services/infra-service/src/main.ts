import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { infraService } from './infra-service.js';

await runService({ ...infraService, readConfig });
