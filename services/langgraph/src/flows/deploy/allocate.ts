import { isOrchestratorError } from '@codegen/sdk/errors';
import { failed } from '../../engine/outcome.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { type DeployStep, end } from './state.js';

/** Gets the project's port, or another one in place of one that turned out to be taken. */
export function allocateStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'early',
    run: async ({ input, taken, from_port, ports }, { signal }) => {
      const wanted = { project_id: input.project_id, not_port: taken.at(-1), from_port };
      const allocated = await deps.api.allocations.allocate(wanted, { signal }).catch((error: unknown) => {
        // Only the operator mends that: a second try finds the same.
        if (isOrchestratorError(error) && error.code === 'NO_FREE_PORT') return failed('no_free_port', error.message);
        throw error;
      });
      if ('status' in allocated) return end(allocated);
      const { server_handle, server_ip, server_kind, service, port } = allocated;
      if (taken.includes(port)) {
        const tried = `${taken.length} tried, from ${Math.min(...taken)} to ${Math.max(...taken)}`;
        const text = `other programs have every port of server ${server_handle} that no project has (${tried}): stop one of them, or widen the server's range of ports`;
        return end(failed('port_in_use', text));
      }
      await progress(deps, input, 'allocate', `port ${port} of server ${server_handle}`, { pct: 20 });
      return { place: { server_handle, server_ip, server_kind, service, port }, ports: ports + 1, next: 'deploy' };
    },
  };
}
