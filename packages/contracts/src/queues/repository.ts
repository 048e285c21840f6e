import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the scaffolder to fast-forward main to a tested commit. */
export const repositoryMessage = baseMessage
  .extend({
    project_id: z.string().describe('The project whose repository it is'),
    task_id: z.string().describe('The task that the commit belongs to'),
    epoch: z.int().describe("Fence: rejected if older than the task's epoch"),
    operation: z.literal('merge').describe('merge: move main forward to commit_sha'),
    branch: z.string().describe('The branch with the commit: task/<task_id>/<epoch>'),
    commit_sha: z.string().describe('The tested commit to move main to'),
    expected_main_sha: z.string().describe('Main moves only if this is its head'),
  })
  .describe('Asks the scaffolder to fast-forward main to a tested commit.');
export type RepositoryMessage = z.infer<typeof repositoryMessage>;

/** Result of a repository operation. `reason` classifies a failure. */
export const repositoryResult = baseResult
  .extend({
    task_id: z.string().describe('The task that the commit belongs to'),
    epoch: z.int().describe('The epoch of the answered message'),
    main_sha: nullable(z.string()).describe('Head of main after the operation'),
    reason: z
      .enum(['main_moved', 'stale_epoch', 'not_a_fast_forward', 'commit_missing', 'invalid_manifest'])
      .nullish()
      .describe('Machine-readable reason of the failure'),
    system_fault: systemFault,
  })
  .describe('Result of a repository operation.');
export type RepositoryResult = z.infer<typeof repositoryResult>;

export const repositoryQueue = defineQueue({
  stream: 'repository:queue',
  kind: 'work',
  model: 'RepositoryMessage',
  message: repositoryMessage,
  group: 'scaffolder',
  producers: ['langgraph'],
  consumers: ['scaffolder'],
  summary: 'Operations on repositories: merge.',
  results: 'repository:results',
});

export const repositoryResults = defineQueue({
  stream: 'repository:results',
  kind: 'work',
  model: 'RepositoryResult',
  message: repositoryResult,
  group: 'langgraph',
  producers: ['scaffolder'],
  consumers: ['langgraph'],
  summary: 'Results of repository operations.',
});
