import type { ServiceDeployment } from '@codegen/contracts';
import { ago } from './status.js';
import type { Column } from './table.js';

/** Deployments in a list. */
export function deploymentColumns(): Column<ServiceDeployment>[] {
  return [
    { title: 'PROJECT', value: ({ project_name, project_id }) => project_name ?? project_id, whole: true },
    { title: 'URL', value: ({ url }) => url, whole: true },
    { title: 'PORT', value: ({ port }) => String(port) },
    { title: 'COMMIT', value: ({ commit_sha }) => commit_sha.slice(0, 8), whole: true },
    { title: 'DEPLOYED', value: ({ deployed_at }) => ago(deployed_at) },
    { title: 'SERVER', value: ({ server_handle }) => server_handle },
  ];
}
