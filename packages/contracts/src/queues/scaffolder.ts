import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks for a repository drawn from the template. */
export const scaffolderMessage = baseMessage.extend({
  project_id: z.string(),
  repo_full_name: z.string().describe('"org/repo"'),
  project_name: z.string(),
  modules: z.array(z.string()).describe('Parts of the template to draw, such as backend'),
  task_id: z.string().optional().describe('Whose history the progress belongs to'),
});
export type ScaffolderMessage = z.infer<typeof scaffolderMessage>;

/** How scaffolding ended; the project's status was written before. */
export const scaffolderResult = baseResult.extend({
  project_id: z.string(),
  repo_url: nullable(z.string()),
  files_generated: z.int().default(0),
});
export type ScaffolderResult = z.infer<typeof scaffolderResult>;

export const scaffolderQueue = defineQueue({
  stream: 'scaffolder:queue',
  kind: 'work',
  model: 'ScaffolderMessage',
  message: scaffolderMessage,
  group: 'scaffolder',
  producers: ['langgraph'],
  consumers: ['scaffolder'],
  summary: 'Projects to scaffold.',
});

export const scaffolderResults = defineQueue({
  stream: 'scaffolder:results',
  kind: 'work',
  model: 'ScaffolderResult',
  message: scaffolderResult,
  group: 'langgraph',
  producers: ['scaffolder'],
  consumers: ['langgraph'],
  summary: 'How each scaffolding ended.',
});
