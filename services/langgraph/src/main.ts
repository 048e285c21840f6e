import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startLanggraph } from './start-langgraph.js';

await runService({ name: 'langgraph', readConfig, start: startLanggraph });
