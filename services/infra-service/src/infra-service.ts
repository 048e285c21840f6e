import { ansibleDeployQueue, ansibleDeployResults, deployResultKey } from '@codegen/contracts';
import { oneAtATime, runAnsweringConsumer } from '@codegen/sdk/consumer';
import { systemFault } from '@codegen/sdk/files';
import type { ServiceParts } from '@codegen/sdk/service';
import { checkDeploy, isWanted } from './check-deploy.js';
import { type InfraServiceConfig, splitEnvironment } from './config.js';
import { builtInExecutors, type ExecutorKinds, Executors } from './executors/registry.js';
import { givenUp, handleDeploy } from './handle-deploy.js';
import { rebuildLost } from './rebuild-lost.js';
import { resolveSecrets } from './resolve-secrets.js';

const NAME = 'infra-service';

/**
 * Runs again what ran before, then serves `ansible:deploy:queue`; once it is stopped, nothing that it started is left.
 * The start throws where another process runs the releases of this folder.
 */
export const infraService: ServiceParts<InfraServiceConfig & { executors?: ExecutorKinds }> = {
  name: NAME,
  start: async (service, config) => {
    const { api, logger } = service;
    const environment = splitEnvironment(config.environment);
    const sources = { api, environment: environment.referable };
    const executors = await Executors.start(config.executors ?? builtInExecutors, {
      ...{ config, environment, logger },
      resolveSecrets: (reference, projectId, signal) => resolveSecrets(reference, projectId, sources, signal),
    });
    service.onStop(() => executors.stop());
    const inOrder = oneAtATime();
    service.keep(
      runAnsweringConsumer({
        ...service.consumer,
        ...{ contract: ansibleDeployQueue, results: ansibleDeployResults, answerKey: deployResultKey },
        ...{ work: 'deploy', concurrency: 4, deadlineMs: 3000, answerTtlSeconds: 3600, leaseMs: config.leaseMs },
        handle: (message, context) =>
          handleDeploy(message, {
            executorOf: (one) => executors.of(one),
            check: (one, signal) => checkDeploy(one, sources, signal),
            wanted: (one) => isWanted(one, api),
            fault: (error) => systemFault(error, { whose: NAME, folders: [config.releasesDir] }),
            progress: (text) => context.progress(text, { current_step: 'deploy' }),
            signal: context.signal,
          }),
        failed: ({ request_id }, error) => givenUp(request_id, error),
        unread: givenUp,
        inOrder: ({ project_id }, work) => inOrder(project_id, work),
      }),
    );
    service.loop((signal) => rebuildLost({ api, executors, inOrder, logger }, signal));
  },
};
