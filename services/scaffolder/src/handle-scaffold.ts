import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type Project,
  type ProjectStatus,
  projectName,
  type ScaffolderMessage,
  type ScaffolderResult,
} from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { handlingKind, isNotThere, PermanentError } from '@codegen/sdk/errors';
import { FileError, readFileBelow } from '@codegen/sdk/files';
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, parseManifest } from '@codegen/sdk/manifest';
import type { Logger } from '@codegen/sdk/queue';
import { commitFolder } from './commit-folder.js';
import type { DrawTemplate } from './draw-template.js';
import type { RepositoryHost } from './hosts/host.js';
import { reportScaffold } from './report-scaffold.js';

export interface ScaffoldDependencies {
  readonly host: RepositoryHost;
  readonly api: {
    readonly projects: Pick<Api['projects'], 'get' | 'report'>;
    readonly tasks: Pick<Api['tasks'], 'get'>;
  };
  readonly draw: DrawTemplate;
  /** Why the machine is at fault for an error, if it is. */
  readonly fault: (error: unknown) => Promise<string | undefined>;
  /** Tells whoever watches how far it is. */
  readonly say: (message: string) => Promise<void>;
}

/**
 * Gives a project its repository: one clean commit drawn from the template, on main. Done before or half done before
 * comes to the same end. What can never succeed is an answer too, after the project's status says so.
 */
export async function handleScaffold(
  message: ScaffolderMessage,
  deps: ScaffoldDependencies,
): Promise<ScaffolderResult> {
  const startedMs = Date.now();
  const answer = { request_id: message.request_id, project_id: message.project_id };
  const known = await checkedProject(message, deps);
  // It may be another's: neither its status nor a task of it is touched.
  if ('refusal' in known) return failedScaffold(message, known.refusal, Date.now() - startedMs);
  try {
    const { url, files } = await scaffold(message, known, deps);
    const duration_ms = Date.now() - startedMs;
    return { ...answer, status: 'success', error: null, duration_ms, repo_url: url, files_generated: files };
  } catch (error) {
    if (handlingKind(error) !== 'permanent' || (await deps.fault(error)) !== undefined) throw error;
    await reportScaffold(deps.api.projects, message.project_id, { status: 'scaffold_failed' });
    return failedScaffold(message, (error as Error).message, Date.now() - startedMs);
  }
}

/** The answer to a scaffolding that failed. */
export function failedScaffold(message: ScaffolderMessage, error: string, durationMs: number | null): ScaffolderResult {
  const { request_id, project_id } = message;
  return {
    request_id,
    project_id,
    status: 'failed',
    error,
    duration_ms: durationMs,
    repo_url: null,
    files_generated: 0,
  };
}

/** Writes to the project that its scaffolding was given up, as far as the message may say so of it. */
export async function giveUpScaffold(
  message: ScaffolderMessage,
  { api, host, logger }: Pick<ScaffoldDependencies, 'api' | 'host'> & { logger: Logger },
): Promise<void> {
  const { project_id } = message;
  try {
    if ('refusal' in (await checkedProject(message, { api, host }))) return;
    await reportScaffold(api.projects, project_id, { status: 'scaffold_failed' });
  } catch (err) {
    logger.error({ err, project_id }, 'the failed scaffolding was not reported');
  }
}

/** What a message may be about: langgraph says it of a project before it asks for the repository. */
const ASKED_FOR: readonly ProjectStatus[] = ['scaffolding', 'scaffolded'];

/** The project that a message is about, or why the message cannot be about it: anybody who reaches Redis can write one. */
async function checkedProject(
  message: ScaffolderMessage,
  { api, host }: Pick<ScaffoldDependencies, 'api' | 'host'>,
): Promise<Project | { refusal: string }> {
  const { project_id, repo_full_name: fullName, project_name, modules, task_id } = message;
  const project = await found(() => api.projects.get(project_id));
  if (!project) return { refusal: `there is no project ${project_id}` };
  if (project.id !== project_id) return { refusal: `project_id must be the project's id, and ${project_id} is none` };
  if (project.status === 'archived') return { refusal: `project ${project_id} is archived: nothing is made for it` };
  const own = repositoryName(project, host);
  // Who asks for a project that has none yet does not know how its host will name it.
  if (fullName !== own && !fullName.endsWith(`/${project_id}`)) {
    return { refusal: `The repository of ${project_id} is ${own}, not "${fullName}".` };
  }
  if (project_name !== project.name)
    return { refusal: `${project_id} is named ${project.name}, not "${project_name}"` };
  if (!isDeepStrictEqual(modules, project.modules)) {
    return { refusal: `${project_id} has the modules "${project.modules.join(', ')}", not "${modules.join(', ')}"` };
  }
  const task = task_id === undefined ? undefined : await found(() => api.tasks.get(task_id));
  if (
    task_id !== undefined &&
    (task?.id !== task_id || task.project_id !== project_id || task.type !== 'engineering')
  ) {
    return { refusal: `${task_id} is not an engineering task of ${project_id}` };
  }
  if (ASKED_FOR.includes(project.status) || task?.status === 'running') return project;
  return { refusal: `project ${project_id} is ${project.status}, and no task of it asks for a repository` };
}

/** The full name of a project's repository: as it was recorded, else as its host will name it. */
export function repositoryName({ id, repository }: Project, host: Pick<RepositoryHost, 'nameFor'>): string {
  return repository?.full_name ?? host.nameFor(id);
}

/** Undefined where there is none, or several of that name. */
async function found<T>(get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

async function scaffold(
  message: ScaffolderMessage,
  project: Project,
  { host, api, draw, say }: ScaffoldDependencies,
): Promise<{ url: string; files: number }> {
  const { project_id, project_name } = message;
  if (!projectName.safeParse(project_name).success) {
    throw new PermanentError(
      `"${project_name}" is not a project name: 2 to 39 of a-z, 0-9 and -, starting with a letter.`,
    );
  }
  const fullName = repositoryName(project, host);
  const { url, repository } = await host.ensureRepository(fullName);
  let main = await host.branchTip(fullName, 'main');
  if (!main) {
    await say('drawing the project from the service template');
    await drawMain({ message, fullName, description: project.description ?? '', host, draw });
    main = await host.branchTip(fullName, 'main');
    if (!main) throw new Error(`${fullName} has no main after it was made`);
  }
  const manifest = parseManifest(await host.readText(fullName, main, MANIFEST_FILE, MAX_MANIFEST_BYTES));
  const files = await host.countFirstFiles(fullName, main);
  await reportScaffold(api.projects, project_id, {
    status: 'scaffolded',
    repository_url: url,
    repository,
    main_sha: main,
    manifest,
  });
  return { url, files };
}

async function drawMain(options: {
  message: ScaffolderMessage;
  fullName: string;
  description: string;
  host: RepositoryHost;
  draw: DrawTemplate;
}): Promise<void> {
  const { message, fullName, description, host, draw } = options;
  const { project_name, modules } = message;
  const draft = await mkdtemp(join(tmpdir(), 'scaffold-'));
  try {
    const folder = join(draft, project_name);
    await draw({ project_name, modules, description }, folder);
    // A template with a broken manifest must not become a main that nothing can be merged into.
    parseManifest(await readDrawnManifest(folder));
    await commitFolder(folder, `Scaffold ${project_name} from the service template`, new Date(message.timestamp));
    // False: another try was first, and its main is as good.
    await host.createMain(fullName, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function readDrawnManifest(folder: string): Promise<string | undefined> {
  const bytes = await readFileBelow(folder, MANIFEST_FILE, { mostBytes: MAX_MANIFEST_BYTES }).catch(
    (error: unknown) => {
      if (!(error instanceof FileError)) throw error;
      throw new PermanentError(error.message, { cause: error });
    },
  );
  return bytes?.toString();
}
