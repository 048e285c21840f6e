import { type BaseCheckpointSaver, END, START, StateGraph } from '@langchain/langgraph';
import { cancellable, type FlowDeps } from '../flow.js';
import { awaitPark, parkStep } from '../park.js';
import { allocateStep } from './allocate.js';
import { beginStep } from './begin.js';
import { awaitSecrets, checkEnvironmentStep } from './check-environment.js';
import { awaitDeploy, deployStep } from './deploy.js';
import { finishStep } from './finish.js';
import { type DeployNode, DeployState, type DeployStep, end } from './state.js';
import { verifyStep } from './verify.js';

const route = (state: typeof DeployState.State): DeployStep => state.next;

/**
 * The operations department: begin → check_environment (→ await_secrets) → allocate ⇄ deploy → verify → finish.
 * A taken port goes back to allocate; a deploy that the system is at fault for is asked for again after a pause (park);
 * cancel leads to finish from any wait.
 */
export function deployGraph(deps: FlowDeps, checkpointer: BaseCheckpointSaver) {
  const early = (step: DeployNode) => cancellable(deps, end, step);
  return new StateGraph(DeployState)
    .addNode('begin', early(beginStep(deps)))
    .addNode('check_environment', early(checkEnvironmentStep(deps)))
    .addNode('await_secrets', early(awaitSecrets(deps)))
    .addNode('allocate', early(allocateStep(deps)))
    .addNode('deploy', deployStep(deps))
    .addNode('await_deploy', awaitDeploy(deps))
    .addNode('park', parkStep(deps))
    .addNode('await_park', early(awaitPark(deps, end)))
    .addNode('verify', verifyStep(deps))
    .addNode('finish', finishStep(deps))
    .addEdge(START, 'begin')
    .addConditionalEdges('begin', route, ['check_environment', 'finish'])
    .addConditionalEdges('check_environment', route, ['await_secrets', 'allocate', 'finish'])
    .addConditionalEdges('await_secrets', route, ['allocate', 'finish'])
    .addConditionalEdges('allocate', route, ['deploy', 'finish'])
    .addEdge('deploy', 'await_deploy')
    .addConditionalEdges('await_deploy', route, ['allocate', 'verify', 'park', 'finish'])
    .addEdge('park', 'await_park')
    .addConditionalEdges('await_park', route, ['deploy', 'finish'])
    .addConditionalEdges('verify', route, ['finish'])
    .addEdge('finish', END)
    .compile({ checkpointer });
}
