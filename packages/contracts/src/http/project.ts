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

/** Parts of the template that a project can be drawn with. */
export const projectModule = z.enum(['backend']);

const command = z.array(z.string(), 'must be a command as a list of arguments, such as ["npm", "test"]').min(1);

/** What becomes of a file that an agent leaves in a commit. */
export const fileAction = z.enum(['refuse', 'warn', 'allow']);
export type FileAction = z.infer<typeof fileAction>;

/** What `.project.yml` on main says; recorded by the scaffolder whenever main moves. */
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
            secret: z.boolean().default(false).describe('Its value is kept as a secret of the project'),
            default: z.string().optional().describe('What it is where nobody sets it'),
          })
          .describe('An environment variable that a release reads.'),
      )
      .default([])
      .describe('What a release needs in its environment'),
    files: z
      .record(z.string().min(1).max(200), fileAction)
      .refine((rules) => Object.keys(rules).length <= 100, 'must be at most 100 rules')
      .optional()
      .describe('Which files an agent may commit, by name or path with * and **; the last rule that fits counts'),
  })
  .describe("What .project.yml on the project's main branch says.");
export type ProjectManifest = z.infer<typeof projectManifest>;

/** Names that a release needs and the manifest gives no default for: they must be secrets of the project. */
export function requiredSecrets(manifest: ProjectManifest | null): string[] {
  const environment = manifest?.environment ?? [];
  return environment.filter((one) => one.required && one.default === undefined).map(({ name }) => name);
}

/** Where a project's repository is. Written by the scaffolder alone; everybody else clones by it, and derives nothing. */
export const projectRepository = z
  .object({
    full_name: z.string().describe('Its name at the repository host, as "org/repo"'),
    clone_url: z
      .string()
      .describe('What git clones it by: a URL, or a path in the folder of repositories that the services share'),
    credential_ref: z.string().describe('Reference to what git logs in with, such as none:; never the secret itself'),
  })
  .describe("Where a project's repository is, as the scaffolder recorded it.");
export type ProjectRepository = z.infer<typeof projectRepository>;

export const project = z
  .object({
    id: z.string().describe('Id of the project, proj_…'),
    name: z.string().describe('Unique per owner'),
    description: z.string().nullable().describe('What it is, for a person'),
    status: projectStatus,
    modules: z.array(z.string()).describe('Parts of the template that it was drawn with'),
    repository_url: z.string().nullable().describe('Where people find its repository; null before it is scaffolded'),
    repository: projectRepository
      .nullable()
      .default(null)
      .describe('Where services find its repository; null before it is scaffolded'),
    owner_id: z.string().describe('The user that it belongs to'),
    main_sha: z.string().nullable().describe('Where main stands, as the scaffolder last saw it'),
    manifest: projectManifest.nullable().describe('What .project.yml on main says; null before it is scaffolded'),
    created_at: apiDatetime('When it was made'),
    updated_at: apiDatetime('When it last changed'),
  })
  .describe('What a person wants built: a row here, a repository, and later a URL.');
export type Project = z.infer<typeof project>;

export const createProject = z
  .object({
    name: projectName.describe('2 to 39 of a-z, 0-9 and -, starting with a letter; unique per owner'),
    description: z.string().max(2000).nullish().describe('What it is, for a person'),
    modules: z.array(projectModule).min(1).default(['backend']).describe('Parts of the template to draw it with'),
    dry_run: z.boolean().optional().describe('Check everything, store nothing'),
  })
  .describe('Makes a project; its repository is scaffolded with its first task.');
export type CreateProject = z.input<typeof createProject>;

/** Changes what a person says of a project; what is left out stays, `description: null` takes it away. */
export const updateProject = z
  .object({
    name: projectName.optional().describe('Its new name; unique per owner'),
    description: z.string().max(2000).nullish().describe('What it is, for a person; null for nothing'),
  })
  .describe('Changes what a person says of a project; what is left out stays.');
export type UpdateProject = z.input<typeof updateProject>;

export const listProjectsQuery = pageQuery
  .extend({
    name: z.string().optional().describe('Only the one of this name'),
    status: projectStatus.optional().describe('Only those in this status'),
    repository: z.string().optional().describe('Only the one whose repository has this full name'),
  })
  .describe('Which projects to list.');
export type ListProjectsQuery = z.input<typeof listProjectsQuery>;

const reportedRepository = projectRepository.extend({
  clone_url: projectRepository.shape.clone_url.refine((text) => !/^[^/]*:\/\/[^/]*:[^/]*@/.test(text), {
    error: 'must hold no password: name it in credential_ref',
  }),
  credential_ref: projectRepository.shape.credential_ref.refine((text) => parseReference(text) !== undefined, {
    error: 'must be a reference, such as none: or vault:platform/NAME',
  }),
});

/** What the departments write back on a project. `from` makes it a compare-and-set on the status. */
export const projectReport = z
  .object({
    status: projectStatus.optional().describe('The new status'),
    from: z.array(projectStatus).optional().describe('Refused unless the status is one of these'),
    repository_url: z.string().optional().describe('Where people find its repository'),
    repository: reportedRepository.optional().describe('Where services find its repository'),
    main_sha: z.string().optional().describe('Where main stands'),
    manifest: projectManifest.optional().describe('What .project.yml on main says'),
  })
  .describe('What the departments write back on a project; what is left out stays.');
export type ProjectReport = z.infer<typeof projectReport>;
