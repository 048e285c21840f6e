import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import type { EngineeringNode } from './state.js';

/** Looks at the project of a task that was just claimed: one without a repository is scaffolded first. */
export function beginStep(deps: FlowDeps): EngineeringNode {
  return async ({ input, epoch }, { signal }) => {
    const project = await deps.api.projects.get(input.project_id, { signal });
    await progress(deps, input, 'claim', `engineering of ${project.name} began (epoch ${epoch})`, {
      type: 'started',
      pct: 0,
    });
    return {
      started_ms: await deps.nowMs(),
      previous_status: project.status,
      next: project.main_sha === null ? 'scaffold' : 'develop',
    };
  };
}
