import type { ServiceDeployment } from '@codegen/contracts';
import type { Column } from '../kit/table.js';
import { ago } from './status.js';

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
