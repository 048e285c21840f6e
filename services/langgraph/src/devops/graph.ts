import { type BaseCheckpointSaver, END, START, StateGraph } from '@langchain/langgraph';
import type { FlowDeps } from '../flow.js';
import { allocateStep } from './allocate.js';
import { beginStep } from './begin.js';
import { awaitSecrets, checkEnvironmentStep } from './check-environment.js';
import { awaitDeploy, deployStep } from './deploy.js';
import { finishStep } from './finish.js';
import { DeployState, type DeployStep } from './state.js';
import { verifyStep } from './verify.js';

const route = (state: typeof DeployState.State): DeployStep => state.next;

/**
 * The operations department: begin → check_environment (→ await_secrets) → allocate ⇄ deploy → verify → finish.
 * A taken port goes back to allocate; cancel leads to finish from any wait.
 */
export function deployGraph(deps: FlowDeps, checkpointer: BaseCheckpointSaver) {
  return new StateGraph(DeployState)
    .addNode('begin', beginStep(deps))
    .addNode('check_environment', checkEnvironmentStep(deps))
    .addNode('await_secrets', awaitSecrets(deps))
    .addNode('allocate', allocateStep(deps))
    .addNode('deploy', deployStep(deps))
    .addNode('await_deploy', awaitDeploy(deps))
    .addNode('verify', verifyStep(deps))
    .addNode('finish', finishStep(deps))
    .addEdge(START, 'begin')
    .addConditionalEdges('begin', route, ['check_environment', 'finish'])
    .addConditionalEdges('check_environment', route, ['await_secrets', 'allocate'])
    .addConditionalEdges('await_secrets', route, ['allocate', 'finish'])
    .addConditionalEdges('allocate', route, ['deploy', 'finish'])
    .addEdge('deploy', 'await_deploy')
    .addConditionalEdges('await_deploy', route, ['allocate', 'verify', 'finish'])
    .addConditionalEdges('verify', route, ['finish'])
    .addEdge('finish', END)
    .compile({ checkpointer });
}
