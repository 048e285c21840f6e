import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the owner of the repository host to fast-forward main to a tested commit. */
export const repositoryMessage = baseMessage
  .extend({
    project_id: z.string().describe('The project whose repository it is'),
    task_id: z.string().describe('The task that the commit belongs to'),
    epoch: z.int().describe('Fence: an older epoch than the task has is refused'),
    operation: z.literal('merge').describe('merge: move main forward to commit_sha'),
    branch: z.string().describe('The branch that holds the commit, as task/<task_id>/<epoch>'),
    commit_sha: z.string().describe('The tested commit that main moves to'),
    expected_main_sha: z.string().describe('Main moves only from this commit'),
  })
  .describe('Asks the owner of the repository host to fast-forward main to a tested commit.');
export type RepositoryMessage = z.infer<typeof repositoryMessage>;

/** How a repository operation ended. `reason` tells the failures apart. */
export const repositoryResult = baseResult
  .extend({
    task_id: z.string().describe('The task that the commit belongs to'),
    epoch: z.int().describe('The epoch of the message that this answers'),
    main_sha: nullable(z.string()).describe('Where main stands after the operation'),
    reason: z
      .enum(['main_moved', 'stale_epoch', 'not_a_fast_forward', 'commit_missing', 'invalid_manifest'])
      .nullish()
      .describe('Why it failed, machine-readable'),
    system_fault: systemFault,
  })
  .describe('How a repository operation ended.');
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
  summary: 'How each repository operation ended.',
});
