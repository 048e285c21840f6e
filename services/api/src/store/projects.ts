import {
  makeId,
  type Project,
  type ProjectManifest,
  type ProjectReport,
  type ProjectRepository,
  type ProjectStatus,
  type UpdateProject,
} from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { ApiError } from '../api-error.js';
import { type Caller, seesAll } from '../auth.js';
import type { Database } from '../database/schema.js';
import { isUniqueViolation } from '../database/transaction.js';
import { json } from './json.js';
import { nearNames } from './near-names.js';
import { iso } from './timestamps.js';

/** The row as the API shows it. */
function toProject(row: Selectable<Database['projects']>): Project {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    status: row.status,
    modules: row.modules,
    repository_url: row.repository_url,
    repository: repositoryOf(row),
    owner_id: row.owner_id,
    main_sha: row.main_sha,
    manifest: row.manifest as ProjectManifest | null,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
  };
}

function repositoryOf({
  repository_full_name: full_name,
  clone_url,
  credential_ref,
}: Selectable<Database['projects']>): ProjectRepository | null {
  return full_name === null || clone_url === null
    ? null
    : { full_name, clone_url, credential_ref: credential_ref ?? 'none:' };
}

/** Stores a draft. A name is unique among the owner's projects that are not archived. */
export async function insertProject(
  db: Kysely<Database>,
  input: Pick<Project, 'name' | 'description' | 'modules' | 'owner_id'>,
): Promise<Project> {
  try {
    const row = await db
      .insertInto('projects')
      .values({ ...input, id: makeId('proj'), modules: JSON.stringify(input.modules), status: 'draft' })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toProject(row);
  } catch (error) {
    if (isUniqueViolation(error, 'projects_name_unique')) throw nameTaken(input.name);
    throw error;
  }
}

/** Refuses a name that the owner's projects have already. */
export async function requireFreeName(db: Kysely<Database>, ownerId: string, name: string): Promise<void> {
  const taken = await db
    .selectFrom('projects')
    .select('id')
    .where('owner_id', '=', ownerId)
    .where('name', '=', name)
    .where('status', '<>', 'archived')
    .executeTakeFirst();
  if (taken) throw nameTaken(name);
}

function nameTaken(name: string): ApiError {
  return new ApiError('NAME_TAKEN', `you have a project ${name} already: choose another name, or archive that one`);
}

/**
 * The caller's project of that id or name; archived ones too, by name only where no live one has it.
 * @throws {ApiError} PROJECT_NOT_FOUND, with the nearest names as choices
 */
export async function findProject(db: Kysely<Database>, caller: Caller, idOrName: string): Promise<Project> {
  let query = db
    .selectFrom('projects')
    .selectAll()
    .where((where) => where.or([where('id', '=', idOrName), where('name', '=', idOrName)]));
  if (!seesAll(caller)) query = query.where('owner_id', '=', caller.user.id);
  const rows = await query.orderBy('id', 'desc').limit(100).execute();
  const live = rows.filter((row) => row.status !== 'archived');
  const own = live.find((row) => row.owner_id === caller.user.id);
  const exact = rows.find((row) => row.id === idOrName);
  if (!exact && !own && live.length > 1) {
    const choices = live.slice(0, 5).map((row) => row.id);
    throw new ApiError('CONFLICT', `several users have a project ${idOrName}: give the id`, { choices });
  }
  const found = exact ?? own ?? live[0] ?? rows[0];
  if (found) return toProject(found);
  const choices = await namesNear(db, caller, idOrName);
  const hint = choices.length > 0 ? ` Did you mean ${choices.join(', ')}?` : ' List yours to see what there is.';
  throw new ApiError('PROJECT_NOT_FOUND', `there is no project ${idOrName}.${hint}`, { choices });
}

async function namesNear(db: Kysely<Database>, caller: Caller, wanted: string): Promise<string[]> {
  const rows = await db
    .selectFrom('projects')
    .select('name')
    .where('owner_id', '=', caller.user.id)
    .where('status', '<>', 'archived')
    .orderBy('id', 'desc')
    .limit(1000)
    .execute();
  const names = rows.map((row) => row.name);
  return nearNames(wanted, names).slice(0, 5);
}

/** The caller's projects, newest first. */
export async function listProjects(
  db: Kysely<Database>,
  caller: Caller,
  query: {
    limit: number;
    cursor?: string | undefined;
    name?: string | undefined;
    status?: ProjectStatus | undefined;
    repository?: string | undefined;
  },
): Promise<Project[]> {
  let select = db.selectFrom('projects').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (!seesAll(caller)) select = select.where('owner_id', '=', caller.user.id);
  if (query.cursor) select = select.where('id', '<', query.cursor);
  if (query.name) select = select.where('name', '=', query.name);
  if (query.status) select = select.where('status', '=', query.status);
  if (query.repository) select = select.where('repository_full_name', '=', query.repository);
  return (await select.execute()).map(toProject);
}

/** Locks a project's row: whatever changes which of its tasks may run does this first, so that such changes take turns. */
export async function lockProject(trx: Transaction<Database>, id: string): Promise<Project> {
  const row = await trx.selectFrom('projects').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
  if (!row) throw new ApiError('PROJECT_NOT_FOUND', `there is no project ${id}`);
  return toProject(row);
}

/** Changes name and description of a project that is not archived. What exists under the old name keeps it. */
export async function updateProject(trx: Transaction<Database>, id: string, change: UpdateProject): Promise<Project> {
  const project = await lockProject(trx, id);
  if (project.status === 'archived') throw archived(project);
  const { name, description } = change;
  try {
    return await update(trx, id, {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
    });
  } catch (error) {
    if (isUniqueViolation(error, 'projects_name_unique')) throw nameTaken(name ?? project.name);
    throw error;
  }
}

/** Archives a project that has no task waiting or running; its name becomes free. */
export async function archiveProject(trx: Transaction<Database>, id: string): Promise<Project> {
  const project = await lockProject(trx, id);
  if (project.status === 'archived') return project;
  const open = await trx
    .selectFrom('tasks')
    .select('id')
    .where('project_id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .orderBy('id')
    .limit(5)
    .execute();
  if (open.length > 0) {
    const choices = open.map((task) => task.id);
    throw new ApiError(
      'CONFLICT',
      `${project.name} has tasks that have not ended: cancel ${choices.join(', ')} first`,
      {
        choices,
      },
    );
  }
  return update(trx, id, { status: 'archived' });
}

/** Writes what a department reports. With `from`, a status changes only from one of those; the same status again is fine. */
export async function reportProject(trx: Transaction<Database>, id: string, report: ProjectReport): Promise<Project> {
  const project = await lockProject(trx, id);
  const { status, from, repository_url, main_sha, manifest } = report;
  const repository = report.repository ?? (project.repository ? undefined : formerRepository(repository_url));
  if (status === 'archived') {
    throw new ApiError('VALIDATION_FAILED', 'a report cannot archive: use POST /projects/{project}/archive');
  }
  if (status !== undefined && status !== project.status) {
    if (project.status === 'archived') throw archived(project);
    if (from && !from.includes(project.status)) {
      throw new ApiError('CONFLICT', `the project is ${project.status}, not ${from.join(' or ')}`);
    }
  }
  return update(trx, id, {
    ...(status !== undefined && { status }),
    ...(repository_url !== undefined && { repository_url }),
    ...(repository !== undefined && {
      repository_full_name: repository.full_name,
      clone_url: repository.clone_url,
      credential_ref: repository.credential_ref,
    }),
    ...(main_sha !== undefined && { main_sha }),
    ...(manifest !== undefined && { manifest: json(manifest) }),
  });
}

/** Where a repository is that a scaffolder of the former release reports by its URL alone, by the rule of migration 009. */
function formerRepository(url: string | null | undefined): NonNullable<Project['repository']> | undefined {
  const [, clone_url] = /^file:\/\/.*\/([^/]+\/[^/]+[.]git)$/.exec(url ?? '') ?? [];
  return clone_url ? { full_name: clone_url.slice(0, -4), clone_url, credential_ref: 'none:' } : undefined;
}

/** The refusal of work on an archived project. */
export function archived(project: Project): ApiError {
  return new ApiError('PROJECT_ARCHIVED', `${project.name} is archived: create a new project`);
}

async function update(
  trx: Transaction<Database>,
  id: string,
  set: Partial<{
    name: string;
    description: string | null;
    status: ProjectStatus;
    repository_url: string;
    main_sha: string;
    manifest: string;
  }>,
): Promise<Project> {
  const row = await trx
    .updateTable('projects')
    .set({ ...set, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toProject(row);
}
