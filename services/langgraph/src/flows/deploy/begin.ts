import { failed } from '../../engine/outcome.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { type DeployStep, end } from './state.js';

/** Fixes which commit is deployed: where main stands now. */
export function beginStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'early',
    run: async ({ input, epoch }, { signal }) => {
      const project = await deps.api.projects.get(input.project_id, { signal });
      const what = `${project.name}${project.main_sha ? `, commit ${project.main_sha.slice(0, 12)},` : ''}`;
      await progress(deps, input, 'claim', `deploy of ${what} began (epoch ${epoch})`, {
        type: 'started',
        ...{ pct: 0, epoch, commit_sha: project.main_sha },
      });
      const begun = { started_ms: await deps.nowMs(), previous_status: project.status, commit_sha: project.main_sha };
      if (project.main_sha === null || project.repository === null) {
        return {
          ...begun,
          ...end(failed('nothing_to_deploy', 'the project has no repository yet: start engineering')),
        };
      }
      return { ...begun, next: 'check_environment' };
    },
  };
}
