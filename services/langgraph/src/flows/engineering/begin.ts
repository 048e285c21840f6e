import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import type { EngineeringStep } from './state.js';

/**
 * Looks at the project of a task that was just claimed: one without a repository is scaffolded first. Before that the
 * workers of earlier attempts are deleted, one after the other, unless they are proven gone.
 */
export function beginStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'early',
    run: async ({ input, epoch, started_ms, previous_status }, { signal }) => {
      const project = await deps.api.projects.get(input.project_id, { signal });
      if (started_ms === 0) {
        await progress(deps, input, 'claim', `engineering of ${project.name} began (epoch ${epoch})`, {
          type: 'started',
          pct: 0,
          epoch,
        });
      }
      const begun = {
        started_ms: started_ms || (await deps.nowMs()),
        previous_status: previous_status || project.status,
      };
      const workers = await deps.waits.workersLeft(input.task_id, input.request_id);
      const [former] = workers;
      if (former !== undefined) return { ...begun, workers, doomed: { id: former, role: 'former' }, next: 'replace' };
      return { ...begun, next: project.main_sha && project.repository ? 'develop' : 'scaffold' };
    },
  };
}
