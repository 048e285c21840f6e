import {
  type Allocate,
  allocation,
  type PutServer,
  pageOf,
  type RecordDeployment,
  server,
  serviceDeployment,
} from '@codegen/contracts';
import { z } from 'zod';
import { walkPages } from './pages.js';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const allocationList = z.object({ items: z.array(allocation) });
const serverList = z.object({ items: z.array(server) });
const deploymentPage = pageOf(serviceDeployment);

/** Servers that projects are deployed to. */
export function serverCalls(send: Send) {
  return {
    list: async (options?: CallOptions) =>
      (await send({ method: 'GET', path: '/servers', schema: serverList }, options)).items,
    put: (handle: string, body: PutServer, options?: CallOptions) =>
      send({ method: 'PUT', path: path`/servers/${handle}`, body, schema: server }, options),
  };
}

/** Ports that belong to projects. */
export function allocationCalls(send: Send) {
  return {
    list: async (project: string, options?: CallOptions) =>
      (await send({ method: 'GET', path: path`/projects/${project}/allocations`, schema: allocationList }, options))
        .items,
    allocate: (body: Allocate, options?: CallOptions) =>
      send({ method: 'POST', path: '/allocations', body, schema: allocation }, options),
  };
}

/** Which deployments are listed, of one project or of all. */
export interface ListDeploymentsQuery {
  project?: string | undefined;
  /** Only what runs now: the newest of each project's service. */
  current?: boolean | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** What runs where. */
export function deploymentCalls(send: Send) {
  const page = (query: ListDeploymentsQuery = {}, options?: CallOptions) =>
    send({ method: 'GET', path: '/deployments', query, schema: deploymentPage }, options);
  return {
    record: (body: RecordDeployment, options?: CallOptions) =>
      send({ method: 'POST', path: '/deployments', body, schema: serviceDeployment }, options),
    page,
    list: (query: ListDeploymentsQuery = {}, options: CallOptions = {}) => walkPages(page, query, options),
  };
}
