import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks for a repository drawn from the template. */
export const scaffolderMessage = baseMessage
  .extend({
    project_id: z.string().describe('The project that gets the repository'),
    repo_full_name: z
      .string()
      .describe(
        'The repository to make, as "org/repo": what the project says, or <owner>/<project id> where it has none yet',
      ),
    project_name: z.string().describe('The name that the template writes into the files'),
    modules: z.array(z.string()).describe('Parts of the template to draw, such as backend'),
    task_id: z.string().optional().describe('The task whose history the progress events belong to'),
  })
  .describe('Asks for a repository drawn from the template.');
export type ScaffolderMessage = z.infer<typeof scaffolderMessage>;

/** How scaffolding ended; the project's status was written before. */
export const scaffolderResult = baseResult
  .extend({
    project_id: z.string().describe('The project that got the repository'),
    repo_url: nullable(z.string()).describe('Where the repository is; null where scaffolding failed'),
    files_generated: z.int().default(0).describe('How many files the template gave'),
    system_fault: systemFault,
  })
  .describe("How scaffolding ended; the project's status was written before.");
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
  results: 'scaffolder:results',
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
