import { runService } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { type ApiConfig, startApi } from './start-api.js';

await runService<ApiConfig>({
  name: 'api',
  readConfig,
  start: async ({ logger, onStop, readyWhile }, config) => {
    const api = await startApi({ ...config, logger });
    onStop(api.stop);
    readyWhile('the database', api.check);
  },
});
