import { z } from 'zod';
import { apiDatetime } from '../datetime.js';
import { projectName } from '../identifiers.js';
import { parseReference } from '../reference.js';
import { pageQuery } from './problem.js';

export const projectStatus = z
  .enum([
    'draft',
    'scaffolding',
    'scaffolded',
    'scaffold_failed',
    'developing',
    'testing',
    'built',
    'deploying',
    'active',
    'failed',
    'archived',
  ])
  .describe(
    'draft → scaffolding → scaffolded or scaffold_failed → developing → testing → built → deploying → active; or failed, archived',
  );
export type ProjectStatus = z.infer<typeof projectStatus>;

/** Modules of the template. */
export const projectModule = z.enum(['backend']);

const command = z.array(z.string(), 'must be a command as a list of arguments, such as ["npm", "test"]').min(1);

/** How a file in an agent's commit is treated. */
export const fileAction = z.enum(['refuse', 'warn', 'allow']);
export type FileAction = z.infer<typeof fileAction>;

/** The `.project.yml` on main; the scaffolder records it whenever main moves. */
export const projectManifest = z
  .object({
    build: command
      .optional()
      .describe('Command that builds the project before its tests and before a release starts, as argv'),
    test: command.describe('Command that runs the tests, as argv'),
    start: command.describe('Command that starts a release, as argv; PORT and RELEASE are in its environment'),
    environment: z
      .array(
        z
          .object({
            name: z.string().describe('The environment variable'),
            required: z.boolean().default(true).describe('A deploy waits until it has a value'),
            secret: z.boolean().default(false).describe('The value is stored as a secret of the project'),
            default: z.string().optional().describe('Value if none is set'),
          })
          .describe('An environment variable that a release reads.'),
      )
      .default([])
      .describe('Environment variables of a release'),
    files: z
      .record(z.string().min(1).max(200), fileAction)
      .refine((rules) => Object.keys(rules).length <= 100, 'must be at most 100 rules')
      .optional()
      .describe('Rules for files that an agent commits, by name or path with * and **; the last matching rule applies'),
  })
  .describe("The .project.yml on the project's main branch.");
export type ProjectManifest = z.infer<typeof projectManifest>;

/** Required variables without a default in the manifest: they must be secrets of the project. */
export function requiredSecrets(manifest: ProjectManifest | null): string[] {
  const environment = manifest?.environment ?? [];
  return environment.filter((one) => one.required && one.default === undefined).map(({ name }) => name);
}

/** Location of a project's repository. Only the scaffolder writes it; other services read it and derive nothing. */
export const projectRepository = z
  .object({
    full_name: z.string().describe('Name at the repository host, as "org/repo"'),
    clone_url: z.string().describe('URL for git clone, or a path in the shared folder of repositories'),
    credential_ref: z.string().describe('Reference to the credential for git, such as none:'),
  })
  .describe("Location of a project's repository, as recorded by the scaffolder.");
export type ProjectRepository = z.infer<typeof projectRepository>;

export const project = z
  .object({
    id: z.string().describe('Id of the project, proj_…'),
    name: z.string().describe('Unique per owner'),
    description: z.string().nullable().describe('Human-readable description'),
    status: projectStatus,
    modules: z.array(z.string()).describe('Modules of the template in use'),
    repository_url: z.string().nullable().describe('URL of the repository for people; null before scaffolding'),
    repository: projectRepository
      .nullable()
      .default(null)
      .describe('Location of the repository for services; null before scaffolding'),
    owner_id: z.string().describe('The user who owns it'),
    main_sha: z.string().nullable().describe('Head of main, as last recorded by the scaffolder'),
    manifest: projectManifest.nullable().describe('The .project.yml on main; null before scaffolding'),
    created_at: apiDatetime('When it was created'),
    updated_at: apiDatetime('When it last changed'),
  })
  .describe('A project: a database row, a repository, and later a URL.');
export type Project = z.infer<typeof project>;

export const createProject = z
  .object({
    name: projectName.describe('2 to 39 of a-z, 0-9 and -, starting with a letter; unique per owner'),
    description: z.string().max(2000).nullish().describe('Human-readable description'),
    modules: z.array(projectModule).min(1).default(['backend']).describe('Modules of the template to use'),
    dry_run: z.boolean().optional().describe('Validate without storing anything'),
  })
  .describe('Creates a project; its first task scaffolds the repository.');
export type CreateProject = z.input<typeof createProject>;

/** Changes a project; omitted fields stay, `description: null` removes the description. */
export const updateProject = z
  .object({
    name: projectName.optional().describe('New name; unique per owner'),
    description: z.string().max(2000).nullish().describe('Human-readable description; null removes it'),
  })
  .describe('Changes a project; omitted fields stay.');
export type UpdateProject = z.input<typeof updateProject>;

export const listProjectsQuery = pageQuery
  .extend({
    name: z.string().optional().describe('Only the project with this name'),
    status: projectStatus.optional().describe('Only projects in this status'),
    repository: z.string().optional().describe('Only the project whose repository has this full name'),
  })
  .describe('Which projects to list.');
export type ListProjectsQuery = z.input<typeof listProjectsQuery>;

const reportedRepository = projectRepository.extend({
  clone_url: projectRepository.shape.clone_url.refine((text) => !/^[^/]*:\/\/[^/]*:[^/]*@/.test(text), {
    error: 'must not contain a password: set credential_ref instead',
  }),
  credential_ref: projectRepository.shape.credential_ref.refine((text) => parseReference(text) !== undefined, {
    error: 'must be a reference, such as none: or vault:platform/NAME',
  }),
});

/** Changes of a project that services report. `from` makes it a compare-and-set on the status. */
export const projectReport = z
  .object({
    status: projectStatus.optional().describe('The new status'),
    from: z.array(projectStatus).optional().describe('Rejected unless the current status is one of these'),
    repository_url: z.string().optional().describe('URL of the repository for people'),
    repository: reportedRepository.optional().describe('Location of the repository for services'),
    main_sha: z.string().optional().describe('Head of main'),
    manifest: projectManifest.optional().describe('The .project.yml on main'),
  })
  .describe('Changes of a project that services report; omitted fields stay.');
export type ProjectReport = z.infer<typeof projectReport>;
