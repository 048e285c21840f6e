import { randomBytes } from 'node:crypto';
import {
  type AnsibleDeployResult,
  ansibleDeployQueue,
  ansibleDeployResults,
  deployResultKey,
} from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { answerOnce, type RunningService, recordedAnswer, runConsumer } from '@codegen/sdk/consumer';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { systemFault } from '@codegen/sdk/files';
import { closeRedis, connectRedis, reportProgress, sayFailed, silentLogger } from '@codegen/sdk/queue';
import { checkDeploy } from './check-deploy.js';
import { type InfraServiceConfig, splitEnvironment } from './config.js';
import { builtInExecutors, type ExecutorKinds, Executors } from './executors/registry.js';
import { type DeployDeps, givenUp, handleDeploy } from './handle-deploy.js';
import { oneAtATime } from './one-at-a-time.js';
import { rebuildLost } from './rebuild-lost.js';
import { resolveSecrets } from './resolve-secrets.js';

export type { InfraServiceConfig } from './config.js';

const SERVICE = 'infra-service';

export interface RunningInfraService extends RunningService {
  /** Settles when no more deploys are taken; rejects with what made it stop. Releases serve on. */
  readonly done: Promise<void>;
}

/**
 * Runs again what ran before, then serves `ansible:deploy:queue` until it is stopped; then nothing it started is left.
 * @throws where another process runs the releases of this folder
 */
export async function startInfraService(
  config: InfraServiceConfig,
  kinds: ExecutorKinds = builtInExecutors,
): Promise<RunningInfraService> {
  const {
    redisUrl,
    logger = silentLogger,
    instance = `${SERVICE}-${process.pid}-${randomBytes(3).toString('hex')}`,
  } = config;
  const environment = splitEnvironment(config.environment);
  const api = createApi({ apiUrl: config.api.url, token: config.api.token });
  const sources = { api, environment: environment.referable };
  const redis = connectRedis(redisUrl, { name: SERVICE, logger });
  const executors = await Executors.start(kinds, {
    config,
    environment,
    resolveSecrets: (reference, projectId, signal) => resolveSecrets(reference, projectId, sources, signal),
    logger,
  }).catch(async (error) => {
    await closeRedis(redis);
    throw error;
  });
  const answer = async (message: AnsibleDeployResult) => {
    const key = deployResultKey(message.request_id);
    await answerOnce({ redis, key, contract: ansibleDeployResults, message });
  };
  const inOrder = oneAtATime();
  const deps: Omit<DeployDeps, 'signal'> = {
    check: (message, signal) => checkDeploy(message, sources, signal),
    executorOf: (message) => executors.of(message),
    inOrder,
    recorded: (requestId) => recordedAnswer({ redis, key: deployResultKey(requestId), contract: ansibleDeployResults }),
    answer,
    fault: (error) => systemFault(error, { whose: SERVICE, folders: [config.releasesDir] }),
    wanted: async ({ task_id }) => {
      if (!task_id) return true;
      const task = await api.tasks.get(task_id).catch((error: unknown) => {
        if (isOrchestratorError(error) && error.code === 'TASK_NOT_FOUND') return undefined;
        throw error;
      });
      return task === undefined || (task.status === 'running' && !task.cancel_requested);
    },
    ended: ({ task_id, project_id }, { status, error, duration_ms }) =>
      logger.info({ task_id, project_id, status, error, duration_ms }, 'deploy ended'),
    progress: async ({ request_id, task_id, callback_stream }, message) => {
      if (!task_id) return;
      const event = {
        type: 'progress' as const,
        request_id,
        task_id,
        current_step: 'deploy',
        message,
        callback_stream,
      };
      await reportProgress(redis, event).catch((error) => sayFailed(logger, error, 'progress lost'));
    },
  };
  const consumer = runConsumer({
    redisUrl,
    contract: ansibleDeployQueue,
    consumer: instance,
    service: SERVICE,
    concurrency: 4,
    deadlineMs: 3000,
    handler: (message, { signal }) => handleDeploy(message, { ...deps, signal }),
    onDeadLetter: async (message, { requestId = message?.request_id, error }) => {
      if (!requestId) return;
      const result = givenUp(requestId, error);
      await answer(result);
      if (message) deps.ended(message, result);
    },
    logger,
    ...(config.leaseMs === undefined ? {} : { leaseMs: config.leaseMs }),
  });
  consumer.done.catch((error) =>
    logger.error({ error: String(error) }, 'no more deploys are taken: correct this, then restart'),
  );
  const stopping = new AbortController();
  const rebuilding = rebuildLost({ api, executors, inOrder, logger }, stopping.signal);
  return {
    done: consumer.done,
    stop: async () => {
      stopping.abort();
      await Promise.all([consumer.stop(), rebuilding]);
      await executors.stop();
      await closeRedis(redis);
    },
  };
}
