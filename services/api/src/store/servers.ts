import { type Allocation, makeId, type PutServer, type Server, putServer as serverToPut } from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { ApiError } from '../api-error.js';
import type { Database } from '../database/schema.js';
import { jsonOrNull } from './json.js';
import { lockProject } from './projects.js';
import { isoOrNull } from './timestamps.js';

/** A server as it is put: its ports are in order. */
export const orderedServer = serverToPut.refine((input) => input.port_from <= input.port_to, {
  path: ['port_to'],
  error: 'must not be below port_from',
});

function toServer(row: Selectable<Database['servers']>): Server {
  return {
    handle: row.handle,
    kind: row.kind,
    ip: row.ip,
    status: row.status,
    specs: row.specs,
    port_from: row.port_from,
    port_to: row.port_to,
    last_health_check: isoOrNull(row.last_health_check),
  };
}

/** Every server, by handle. */
export async function listServers(db: Kysely<Database>): Promise<Server[]> {
  return (await db.selectFrom('servers').selectAll().orderBy('handle').execute()).map(toServer);
}

/** Adds a server, or changes the one of that handle. */
export async function putServer(db: Kysely<Database>, handle: string, input: PutServer): Promise<Server> {
  const values = { ...valuesOf(input), specs: jsonOrNull(input.specs) };
  const row = await db
    .insertInto('servers')
    .values({ handle, ...values, last_health_check: null })
    .onConflict((conflict) => conflict.column('handle').doUpdateSet(values))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toServer(row);
}

/** What `putServer` would make of it; nothing is stored. */
export async function previewServer(db: Kysely<Database>, handle: string, input: PutServer): Promise<Server> {
  const known = (await listServers(db)).find((one) => one.handle === handle);
  const { kind = 'local', last_health_check = null } = known ?? {};
  return { handle, kind, ...valuesOf(input), last_health_check };
}

function valuesOf(input: PutServer) {
  const { kind, ip, status = 'active', specs = null, port_from = 18000, port_to = 18999 } = input;
  return { ...(kind !== undefined && { kind }), ip, status, specs, port_from, port_to };
}

/**
 * The port of a project's service: the one it has, or the lowest free one of the first active server that has any.
 * With `notPort` it gives that port up and takes the next free one above it, or from `fromPort` on (then from the
 * bottom), so that trying again and again visits every port. Rows are locked project first, then server.
 */
export async function allocate(
  trx: Transaction<Database>,
  input: {
    project_id: string;
    service: string;
    not_port?: number | null | undefined;
    from_port?: number | null | undefined;
  },
): Promise<Allocation> {
  const { project_id, service } = input;
  const notPort = input.not_port ?? 0;
  await lockProject(trx, project_id);
  const held = (await listAllocations(trx, project_id)).find((one) => one.service === service);
  if (held && held.port !== notPort) return held;
  if (held) await trx.deleteFrom('allocations').where('id', '=', held.id).execute();
  const servers = await trx
    .selectFrom('servers')
    .selectAll()
    .where('status', '=', 'active')
    .orderBy('handle')
    .forNoKeyUpdate()
    .execute();
  for (const server of servers) {
    const port = await lowestFreePort(trx, server, { notPort, fromPort: input.from_port ?? notPort });
    if (port === undefined) continue;
    const id = makeId('alloc');
    await trx
      .insertInto('allocations')
      .values({ id, project_id, service, server_handle: server.handle, port })
      .execute();
    const place = { server_handle: server.handle, server_ip: server.ip, server_kind: server.kind };
    return { id, project_id, service, ...place, port };
  }
  throw new ApiError(
    'NO_FREE_PORT',
    servers.length === 0
      ? 'no server is active: an administrator adds one with infra server set (PUT /servers/{handle})'
      : 'every port of every active server is taken: widen a port range or add a server',
  );
}

/** The ports that a project has. */
export async function listAllocations(db: Kysely<Database>, projectId: string): Promise<Allocation[]> {
  return db
    .selectFrom('allocations')
    .innerJoin('servers', 'servers.handle', 'allocations.server_handle')
    .select(['allocations.id', 'server_handle', 'ip as server_ip', 'kind as server_kind'])
    .select(['project_id', 'service', 'port'])
    .where('project_id', '=', projectId)
    .orderBy('service')
    .execute();
}

async function lowestFreePort(
  trx: Transaction<Database>,
  server: { handle: string; port_from: number; port_to: number },
  { notPort, fromPort }: { notPort: number; fromPort: number },
): Promise<number | undefined> {
  const { rows } = await sql<{ port: number }>`
    select port from generate_series(${server.port_from}::int, ${server.port_to}::int) as port
    where port <> ${notPort}::int
      and not exists (select 1 from allocations where server_handle = ${server.handle} and allocations.port = port.port)
    order by port < ${fromPort}::int, port
    limit 1`.execute(trx);
  return rows[0]?.port;
}
