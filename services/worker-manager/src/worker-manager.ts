import type { ServiceParts } from '@codegen/sdk/service';
import type { WorkerManagerConfig } from './config.js';
import { startWorkerManager } from './start-worker-manager.js';

/** Serves commands and looks after the workers. */
export const workerManager: ServiceParts<WorkerManagerConfig> = {
  name: 'worker-manager',
  start: async (service, config) => {
    service.keep(await startWorkerManager(service, config));
  },
};
