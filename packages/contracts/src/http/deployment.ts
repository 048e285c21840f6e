import { z } from 'zod';
import { pageQuery } from './problem.js';

export const server = z.object({
  handle: z.string(),
  ip: z.string(),
  status: z.enum(['new', 'pending_setup', 'active', 'unreachable', 'maintenance']),
  specs: z.record(z.string(), z.unknown()).nullable(),
  port_from: z.int(),
  port_to: z.int(),
  last_health_check: z.string().nullable(),
});
export type Server = z.infer<typeof server>;

/** Adds a server, or changes the one of that handle. */
export const putServer = z.object({
  ip: z.string(),
  status: server.shape.status.default('active'),
  specs: z.record(z.string(), z.unknown()).nullish(),
  port_from: z.int().min(1).max(65535).default(18000),
  port_to: z.int().min(1).max(65535).default(18999),
});
export type PutServer = z.input<typeof putServer>;

/** A port of a server that belongs to a project's service. */
export const allocation = z.object({
  id: z.string(),
  server_handle: z.string(),
  server_ip: z.string(),
  project_id: z.string(),
  service: z.string(),
  port: z.int(),
});
export type Allocation = z.infer<typeof allocation>;

/** Asks for the project's port: the one it has, or the lowest free one. `not_port` gives up a port that turned out to be taken. */
export const allocate = z.object({
  project_id: z.string(),
  service: z.string().default('backend'),
  not_port: z.int().nullish(),
});
export type Allocate = z.input<typeof allocate>;

export const serviceDeployment = z.object({
  id: z.string(),
  request_id: z.string(),
  project_id: z.string(),
  task_id: z.string().nullable(),
  server_handle: z.string(),
  service: z.string(),
  port: z.int(),
  url: z.string(),
  commit_sha: z.string(),
  deployed_at: z.string(),
});
export type ServiceDeployment = z.infer<typeof serviceDeployment>;

/** Records a deployment; the same request_id is stored once. */
export const recordDeployment = serviceDeployment.omit({ id: true, deployed_at: true });
export type RecordDeployment = z.infer<typeof recordDeployment>;

export const listDeploymentsQuery = pageQuery.extend({ project: z.string().optional() });
