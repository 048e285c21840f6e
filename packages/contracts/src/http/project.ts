import { z } from 'zod';
import { projectName } from '../identifiers.js';
import { pageQuery } from './problem.js';

export const projectStatus = z.enum([
  'draft',
  'scaffolding',
  'scaffolded',
  'scaffold_failed',
  'developing',
  'testing',
  'deploying',
  'active',
  'failed',
  'archived',
]);
export type ProjectStatus = z.infer<typeof projectStatus>;

/** Parts of the template that a project can be drawn with. */
export const projectModule = z.enum(['backend']);

/** What `.project.yml` on main says; recorded by the scaffolder whenever main moves. */
export const projectManifest = z.object({
  test: z.array(z.string()).min(1).describe('Command that runs the tests, as argv'),
  start: z
    .array(z.string())
    .min(1)
    .describe('Command that starts a release, as argv; PORT and RELEASE are in its environment'),
  environment: z
    .array(
      z.object({
        name: z.string(),
        required: z.boolean().default(true),
        secret: z.boolean().default(false),
        default: z.string().optional(),
      }),
    )
    .default([]),
});
export type ProjectManifest = z.infer<typeof projectManifest>;

export const project = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  status: projectStatus,
  modules: z.array(z.string()),
  repository_url: z.string().nullable(),
  owner_id: z.string(),
  main_sha: z.string().nullable().describe('Where main stands, as the scaffolder last saw it'),
  manifest: projectManifest.nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Project = z.infer<typeof project>;

export const createProject = z.object({
  name: projectName,
  description: z.string().max(2000).nullish(),
  modules: z.array(projectModule).min(1).default(['backend']),
  dry_run: z.boolean().optional().describe('Check everything, store nothing'),
});
export type CreateProject = z.input<typeof createProject>;

export const listProjectsQuery = pageQuery.extend({ name: z.string().optional(), status: projectStatus.optional() });
export type ListProjectsQuery = z.input<typeof listProjectsQuery>;

/** What the departments write back on a project. `from` makes it a compare-and-set on the status. */
export const projectReport = z.object({
  status: projectStatus.optional(),
  from: z.array(projectStatus).optional(),
  repository_url: z.string().optional(),
  main_sha: z.string().optional(),
  manifest: projectManifest.optional(),
});
export type ProjectReport = z.infer<typeof projectReport>;
