import { z } from 'zod';
import { apiDatetime } from '../datetime.js';
import { pageQuery } from './problem.js';

const tcpPort = z.int().min(1).max(65_535);

/** A kind of server. infra-service's executors define which kinds exist. */
const serverKind = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be 1 to 40 of a-z, 0-9 and -, starting with a letter');
const kindOfServer = z.string().default('local').describe('The executor that deploys to it, such as local');

export const server = z
  .object({
    handle: z.string().describe('Name of the server, chosen by the operator'),
    kind: kindOfServer,
    ip: z.string().describe('Address of its services'),
    status: z
      .enum(['new', 'pending_setup', 'active', 'unreachable', 'maintenance'])
      .describe('Projects are put on active servers only'),
    specs: z.record(z.string(), z.unknown()).nullable().describe('Notes of the operator about the machine'),
    port_from: z.int().describe('The lowest TCP port for projects'),
    port_to: z.int().describe('The highest TCP port for projects'),
    last_health_check: apiDatetime('Last successful health check').nullable().describe('Last successful health check'),
  })
  .describe('A machine that projects run on.');
export type Server = z.infer<typeof server>;

/** A name whose last label is a number would be read as an IPv4 address. */
const hostName =
  /^(?=.{1,253}$)(?!(?:.*\.)?\d+$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i;

const hostAddress = z.union(
  [z.ipv4(), z.ipv6(), z.string().regex(hostName)],
  'must be an address or a host name, such as 203.0.113.7',
);

/** Creates or updates the server with this handle. */
export const putServer = z
  .object({
    kind: serverKind
      .optional()
      .describe('The executor that deploys to it; default: unchanged, and local for a new server'),
    ip: hostAddress.describe('Address of its services'),
    status: server.shape.status.default('active').describe('Projects are put on active servers only'),
    specs: z.record(z.string(), z.unknown()).nullish().describe('Notes about the machine'),
    port_from: tcpPort.default(18000).describe('The lowest TCP port for projects'),
    port_to: tcpPort.default(18999).describe('The highest TCP port for projects'),
    dry_run: z.boolean().optional().describe('Validate without storing anything'),
  })
  .describe('Creates or updates the server with this handle.');
export type PutServer = z.input<typeof putServer>;

/** A server's port that is allocated to a project's service. */
export const allocation = z
  .object({
    id: z.string().describe('Id of the allocation, alloc_…'),
    server_handle: z.string().describe('The server'),
    server_ip: z.string().describe("The server's address"),
    server_kind: kindOfServer,
    project_id: z.string().describe('The project that owns the port'),
    service: z.string().describe('The service of the project, such as backend'),
    port: z.int().describe('The TCP port; unique per server'),
  })
  .describe("A server's port that is allocated to a project's service.");
export type Allocation = z.infer<typeof allocation>;

/** Requests the project's port: its current one, or the lowest free one. `not_port` releases a port that is in use elsewhere. */
export const allocate = z
  .object({
    project_id: z.string().describe('The project that needs a port'),
    service: z.string().default('backend').describe('The service of the project'),
    not_port: tcpPort.nullish().describe('A port to release, because another program uses it'),
    from_port: tcpPort.nullish().describe('With not_port: first port to try instead, as reported by the server'),
  })
  .describe("Requests the project's port: its current one, or the lowest free one.");
export type Allocate = z.input<typeof allocate>;

export const serviceDeployment = z
  .object({
    id: z.string().describe('Id of the deployment, dep_…'),
    request_id: z.string().describe('request_id of the deploy job; recorded once'),
    project_id: z.string().describe('The project that was deployed'),
    project_name: z.string().optional().describe("The project's name; in lists only"),
    task_id: z.string().nullable().describe('The deploy task'),
    server_handle: z.string().describe('The server that it runs on'),
    service: z.string().describe('The service of the project, such as backend'),
    port: z.int().describe('Its TCP port on the server'),
    url: z.string().describe('URL of the release'),
    commit_sha: z.string().describe('The commit that runs'),
    deployed_at: apiDatetime('When it was recorded'),
  })
  .describe('A deployed commit of a project.');
export type ServiceDeployment = z.infer<typeof serviceDeployment>;

/** Records a deployment; the same request_id is stored once. */
export const recordDeployment = serviceDeployment
  .omit({ id: true, deployed_at: true, project_name: true })
  .describe('Records a deployment; the same request_id is stored once.');
export type RecordDeployment = z.infer<typeof recordDeployment>;

export const listDeploymentsQuery = pageQuery
  .extend({
    project: z.string().optional().describe('Only of this project (id or name)'),
    current: z
      .enum(['true', 'false'])
      .default('false')
      .describe("true: only current deployments, the newest of each project's service"),
  })
  .describe('Which deployments to list.');
