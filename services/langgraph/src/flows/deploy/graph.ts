import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { FlowDeps } from '../flow.js';
import { parkStep } from '../park.js';
import { buildFlow } from '../step.js';
import { allocateStep } from './allocate.js';
import { beginStep } from './begin.js';
import { deployStep } from './deploy.js';
import { finishStep } from './finish.js';
import { secretsStep } from './secrets.js';
import { DeployState, end } from './state.js';
import { verifyStep } from './verify.js';

/**
 * The operations department: begin → check_environment → allocate ⇄ deploy → verify → finish.
 * A taken port goes back to allocate; a deploy that the system is at fault for is asked for again after a pause (park);
 * cancel leads to finish from any wait.
 */
export function deployGraph(deps: FlowDeps, checkpointer: BaseCheckpointSaver) {
  const steps = {
    begin: beginStep(deps),
    check_environment: secretsStep(deps),
    allocate: allocateStep(deps),
    deploy: deployStep(deps),
    park: parkStep<DeployState>(deps),
    verify: verifyStep(deps),
    finish: finishStep(deps),
  };
  return buildFlow<DeployState>(DeployState, steps, { deps, end, checkpointer });
}
