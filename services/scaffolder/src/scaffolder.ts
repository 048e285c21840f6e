import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { repositoryQueue, repositoryResults, scaffolderQueue, scaffolderResults } from '@codegen/contracts';
import { runAnsweringConsumer } from '@codegen/sdk/consumer';
import { systemFault } from '@codegen/sdk/files';
import type { ServiceParts } from '@codegen/sdk/service';
import type { ScaffolderConfig } from './config.js';
import { templateDrawer } from './draw-template.js';
import { failedMerge, handleMerge } from './handle-merge.js';
import { failedScaffold, giveUpScaffold, handleScaffold } from './handle-scaffold.js';
import { localHost } from './hosts/local.js';

const CONCURRENCY = 4;

/** Serves `scaffolder:queue` and `repository:queue`. The start throws naming a folder that is not there. */
export const scaffolder: ServiceParts<ScaffolderConfig> = {
  name: 'scaffolder',
  start: async (service, config) => {
    const { api, logger } = service;
    const { reposDir, templateDir, copier = 'copier', leaseMs, retry } = config;
    await requireFolder('REPOS_DIR', reposDir, 'make it, or correct it');
    await requireFolder('TEMPLATE_DIR', templateDir, 'name the one of a Copier template');
    const host = localHost(reposDir);
    const draw = templateDrawer({ templateDir, copier, logger });
    const fault = (error: unknown) => systemFault(error, { whose: 'scaffolder', folders: [reposDir, tmpdir()] });
    const consumer = { ...service.consumer, leaseMs, retry, concurrency: CONCURRENCY, fault };
    service.keep(
      runAnsweringConsumer({
        ...consumer,
        contract: scaffolderQueue,
        results: scaffolderResults,
        work: 'scaffolding',
        handle: (message, context) => {
          const say = (text: string) => context.progress(text, { current_step: 'scaffold' });
          return handleScaffold(message, { host, api, draw, fault, say });
        },
        failed: (message, error) => failedScaffold(message, error, null),
        onGivenUp: (message) => giveUpScaffold(message, { host, api, logger }),
      }),
    );
    service.keep(
      runAnsweringConsumer({
        ...consumer,
        contract: repositoryQueue,
        results: repositoryResults,
        work: 'merge',
        handle: (message) => handleMerge(message, { host, api }),
        failed: (message, error) => failedMerge(message, { reason: null, error }, undefined, null),
      }),
    );
  },
};

async function requireFolder(name: string, path: string, advice: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`${name} is ${path}, which is no folder: ${advice}`);
}
