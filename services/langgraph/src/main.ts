import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { langgraph } from './langgraph.js';

await runService({ ...langgraph, readConfig });
