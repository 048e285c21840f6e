import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the owner of the repository host to fast-forward main to a tested commit. */
export const repositoryMessage = baseMessage.extend({
  project_id: z.string(),
  task_id: z.string(),
  epoch: z.int().describe('Fence: an older epoch than the task has is refused'),
  operation: z.literal('merge'),
  branch: z.string(),
  commit_sha: z.string(),
  expected_main_sha: z.string().describe('Main moves only from here'),
});
export type RepositoryMessage = z.infer<typeof repositoryMessage>;

/** How a repository operation ended. `reason` tells the failures apart. */
export const repositoryResult = baseResult.extend({
  task_id: z.string(),
  epoch: z.int(),
  main_sha: nullable(z.string()).describe('Where main stands after the operation'),
  reason: z
    .enum(['main_moved', 'stale_epoch', 'not_a_fast_forward', 'commit_missing', 'invalid_manifest'])
    .nullish()
    .describe('Why it failed'),
});
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
