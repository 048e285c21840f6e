import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the scaffolder to create a repository from the template. */
export const scaffolderMessage = baseMessage
  .extend({
    project_id: z.string().describe('The project that gets the repository'),
    repo_full_name: z
      .string()
      .describe(
        'The repository to create, as "org/repo": the one of the project, or <owner>/<project id> if it has none',
      ),
    project_name: z.string().describe('The project name to render in the template'),
    modules: z.array(z.string()).describe('Template modules to render, such as backend'),
    task_id: z.string().optional().describe('The task that the progress events belong to'),
  })
  .describe('Asks the scaffolder to create a repository from the template.');
export type ScaffolderMessage = z.infer<typeof scaffolderMessage>;

/** Result of scaffolding; the project's status is updated before it is sent. */
export const scaffolderResult = baseResult
  .extend({
    project_id: z.string().describe('The project that got the repository'),
    repo_url: nullable(z.string()).describe('URL of the repository; null if scaffolding failed'),
    files_generated: z.int().default(0).describe('Number of generated files'),
    system_fault: systemFault,
  })
  .describe("Result of scaffolding; the project's status is updated before it is sent.");
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
  summary: 'Results of scaffolding.',
});
