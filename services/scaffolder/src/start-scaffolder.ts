import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { repositoryQueue, repositoryResults, scaffolderQueue, scaffolderResults } from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import type { RunningService } from '@codegen/sdk/consumer';
import { systemFault } from '@codegen/sdk/files';
import {
  closeRedis,
  connectRedis,
  type Logger,
  type Redis,
  reportProgress,
  sayFailed,
  silentLogger,
} from '@codegen/sdk/queue';
import { runAnsweringConsumer } from './answering-consumer.js';
import type { ScaffolderConfig } from './config.js';
import { templateDrawer } from './draw-template.js';
import { failedMerge, handleMerge } from './handle-merge.js';
import { checkedProject, failedScaffold, handleScaffold } from './handle-scaffold.js';
import { localHost } from './hosts/local.js';
import { reportScaffold } from './report-scaffold.js';

const CONCURRENCY = 4;

export interface RunningScaffolder extends RunningService {
  /** Rejects when something that cannot heal stopped it, such as a refused token. */
  readonly done: Promise<void>;
}

/**
 * Starts the service: a consumer of `scaffolder:queue` and one of `repository:queue`.
 * @throws {Error} naming the folder that is not there
 */
export async function startScaffolder(config: ScaffolderConfig): Promise<RunningScaffolder> {
  await checkFolders(config);
  const { redisUrl, templateDir, copier = 'copier', logger = silentLogger, leaseMs, retry } = config;
  const instance = config.instance ?? `scaffolder-${process.pid}-${randomUUID().slice(0, 8)}`;
  const redis = connectRedis(redisUrl, { name: instance, logger });
  const api = createApi({ apiUrl: config.api.url, token: config.api.token });
  const host = localHost(config.reposDir);
  const draw = templateDrawer({ templateDir, copier, logger });
  const fault = (error: unknown) => systemFault(error, { whose: 'scaffolder', folders: [config.reposDir, tmpdir()] });
  const consumer = {
    redisUrl,
    consumer: instance,
    service: 'scaffolder',
    concurrency: CONCURRENCY,
    logger,
    ...(leaseMs ? { leaseMs } : {}),
    ...(retry ? { retry } : {}),
  };

  const consumers = [
    runAnsweringConsumer({
      redis,
      contract: scaffolderQueue,
      results: scaffolderResults,
      work: 'scaffolding',
      consumer,
      handle: (message) =>
        handleScaffold(message, { host, api, draw, fault, say: progressOf(redis, message, 'scaffold', logger) }),
      fault,
      faulty: (message, text) => ({ ...failedScaffold(message, text, null), system_fault: text }),
      giveUp: async (message, error) => {
        const { project_id } = message;
        const report = async () => {
          // Nothing but the messages that were sent for it changes a project.
          if ('refusal' in (await checkedProject(message, { api, host }))) return;
          await reportScaffold(api.projects, project_id, { status: 'scaffold_failed' });
        };
        await report().catch((err: unknown) =>
          logger.error({ err, project_id }, 'the failed scaffolding was not reported'),
        );
        return failedScaffold(message, error, null);
      },
    }),
    runAnsweringConsumer({
      redis,
      contract: repositoryQueue,
      results: repositoryResults,
      work: 'merge',
      consumer,
      handle: (message) => handleMerge(message, { host, api }),
      fault,
      faulty: (message, text) => ({
        ...failedMerge(message, { reason: null, error: text }, undefined, null),
        system_fault: text,
      }),
      giveUp: async (message, error) => failedMerge(message, { reason: null, error }, undefined, null),
    }),
  ];
  const done = Promise.all(consumers.map((one) => one.done)).then(() => undefined);
  done.catch((err: unknown) => logger.error({ err }, 'the scaffolder stopped'));
  return {
    done,
    stop: async () => {
      await Promise.all(consumers.map((one) => one.stop()));
      await closeRedis(redis);
    },
  };
}

async function checkFolders({ reposDir, templateDir }: ScaffolderConfig): Promise<void> {
  const isFolder = (path: string) =>
    stat(path).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
  if (!(await isFolder(reposDir)))
    throw new Error(`REPOS_DIR is ${reposDir}, which is no folder: make it, or correct it`);
  if (await isFolder(templateDir)) return;
  throw new Error(`TEMPLATE_DIR is ${templateDir}, which is no folder: name the one of a Copier template`);
}

// Progress may be dropped: the work goes on.
function progressOf(
  redis: Redis,
  message: { request_id: string; task_id?: string | null | undefined; callback_stream: string | null },
  step: string,
  logger: Logger,
) {
  const { request_id, task_id = null, callback_stream } = message;
  return async (text: string) => {
    const event = {
      type: 'progress',
      request_id,
      task_id,
      message: text,
      current_step: step,
      callback_stream,
    } as const;
    await reportProgress(redis, event).catch((err: unknown) =>
      sayFailed(logger, err, 'progress was dropped', { request_id }),
    );
  };
}
