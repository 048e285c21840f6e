import {
  type CreateProject,
  type ListProjectsQuery,
  type ProjectReport,
  pageOf,
  project,
  type UpdateProject,
} from '@codegen/contracts';
import { walkPages } from './pages.js';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const projectPage = pageOf(project);

/** Projects: created by people, reported on by the departments. `idOrName` is either. */
export function projectCalls(send: Send) {
  const page = (query: ListProjectsQuery = {}, options?: CallOptions) =>
    send({ method: 'GET', path: '/projects', query, identifiers: [query.name], schema: projectPage }, options);
  return {
    create: (body: CreateProject, options?: CallOptions) =>
      send({ method: 'POST', path: '/projects', body, schema: project }, options),
    page,
    list: (query: ListProjectsQuery = {}, options: CallOptions = {}) => walkPages(page, query, options),
    get: (idOrName: string, options?: CallOptions) =>
      send({ method: 'GET', path: path`/projects/${idOrName}`, schema: project }, options),
    update: (idOrName: string, body: UpdateProject, options?: CallOptions) =>
      send({ method: 'PATCH', path: path`/projects/${idOrName}`, body, schema: project }, options),
    report: (idOrName: string, body: ProjectReport, options?: CallOptions) =>
      send({ method: 'PATCH', path: path`/projects/${idOrName}/report`, body, schema: project }, options),
    archive: (idOrName: string, options?: CallOptions) =>
      send({ method: 'POST', path: path`/projects/${idOrName}/archive`, schema: project }, options),
  };
}
