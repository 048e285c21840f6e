import { makeId, type RecordDeployment, type ServiceDeployment } from '@codegen/contracts';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { type Caller, seesAll } from '../auth.js';
import type { Database } from '../database/schema.js';
import { iso } from './timestamps.js';

function toDeployment(row: Selectable<Database['deployments']> & { project_name?: string }): ServiceDeployment {
  return { ...row, deployed_at: iso(row.deployed_at) };
}

/** Records that a release serves; the same request is stored once. */
export async function recordDeployment(
  trx: Transaction<Database>,
  input: RecordDeployment,
): Promise<ServiceDeployment> {
  await trx
    .insertInto('deployments')
    .values({ id: makeId('dep'), ...input })
    .onConflict((conflict) => conflict.column('request_id').doNothing())
    .execute();
  const row = await trx
    .selectFrom('deployments')
    .selectAll()
    .where('request_id', '=', input.request_id)
    .executeTakeFirstOrThrow();
  return toDeployment(row);
}

/** Deployments of the caller's projects, newest first; `currentOnly`: the newest of each service. */
export async function listDeployments(
  db: Kysely<Database>,
  caller: Caller,
  query: { limit: number; cursor?: string | undefined; projectId?: string | undefined; currentOnly?: boolean },
): Promise<ServiceDeployment[]> {
  let select = db
    .selectFrom('deployments')
    .innerJoin('projects', 'projects.id', 'deployments.project_id')
    .selectAll('deployments')
    .select('projects.name as project_name')
    .orderBy('deployments.id', 'desc')
    .limit(query.limit);
  if (!seesAll(caller)) select = select.where('projects.owner_id', '=', caller.user.id);
  if (query.cursor) select = select.where('deployments.id', '<', query.cursor);
  if (query.projectId) select = select.where('deployments.project_id', '=', query.projectId);
  if (query.currentOnly) {
    select = select.where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deployments as newer')
            .select('newer.id')
            .whereRef('newer.project_id', '=', 'deployments.project_id')
            .whereRef('newer.service', '=', 'deployments.service')
            .whereRef('newer.id', '>', 'deployments.id'),
        ),
      ),
    );
  }
  return (await select.execute()).map(toDeployment);
}
