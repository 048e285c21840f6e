import { type BaseCheckpointSaver, END, START, StateGraph } from '@langchain/langgraph';
import { cancellable, type FlowDeps } from '../flow.js';
import { awaitPark, parkStep } from '../park.js';
import { beginStep } from './begin.js';
import { awaitCleanup, cleanupStep } from './cleanup.js';
import { awaitDevelop, developStep } from './develop.js';
import { finishStep } from './finish.js';
import { awaitMerge, mergeStep } from './merge.js';
import { awaitReplace, replaceStep } from './replace.js';
import { awaitScaffold, scaffoldStep } from './scaffold.js';
import { type EngineeringNode, EngineeringState, type EngineeringStep, end } from './state.js';
import { awaitTest, testStep } from './test.js';

const route = (state: typeof EngineeringState.State): EngineeringStep => state.next;

/**
 * The engineering department. Each step is two nodes: one that asks, one that waits and reads the answer.
 *
 * begin → scaffold? → develop ⇄ test → merge → cleanup → finish
 * Workers of an earlier attempt that may live are deleted between begin and begin again.
 * A step that the system is at fault for is asked for again after a pause (park).
 * A failure goes back to develop (3 rounds); a lost worker goes through replace; cancel leads to cleanup from any wait.
 */
export function engineeringGraph(deps: FlowDeps, checkpointer: BaseCheckpointSaver) {
  const early = (step: EngineeringNode) => cancellable(deps, end, step);
  return new StateGraph(EngineeringState)
    .addNode('begin', early(beginStep(deps)))
    .addNode('scaffold', scaffoldStep(deps))
    .addNode('await_scaffold', early(awaitScaffold(deps)))
    .addNode('develop', developStep(deps))
    .addNode('await_develop', early(awaitDevelop(deps)))
    .addNode('test', testStep(deps))
    .addNode('await_test', early(awaitTest(deps)))
    .addNode('merge', mergeStep(deps))
    .addNode('await_merge', awaitMerge(deps))
    .addNode('replace', replaceStep(deps))
    .addNode('await_replace', early(awaitReplace(deps)))
    .addNode('park', parkStep(deps))
    .addNode('await_park', early(awaitPark(deps, end)))
    .addNode('cleanup', cleanupStep(deps))
    .addNode('await_cleanup', awaitCleanup(deps))
    .addNode('finish', finishStep(deps))
    .addEdge(START, 'begin')
    .addConditionalEdges('begin', route, ['replace', 'scaffold', 'develop', 'cleanup'])
    .addEdge('scaffold', 'await_scaffold')
    .addConditionalEdges('await_scaffold', route, ['develop', 'park', 'cleanup'])
    .addEdge('develop', 'await_develop')
    .addConditionalEdges('await_develop', route, ['test', 'develop', 'replace', 'park', 'cleanup'])
    .addEdge('test', 'await_test')
    .addConditionalEdges('await_test', route, ['merge', 'develop', 'replace', 'park', 'cleanup'])
    .addEdge('merge', 'await_merge')
    .addConditionalEdges('await_merge', route, ['develop', 'replace', 'park', 'cleanup'])
    .addEdge('replace', 'await_replace')
    .addConditionalEdges('await_replace', route, ['begin', 'test', 'develop', 'cleanup'])
    .addEdge('park', 'await_park')
    .addConditionalEdges('await_park', route, ['scaffold', 'develop', 'test', 'merge', 'cleanup'])
    .addConditionalEdges('cleanup', route, ['await_cleanup', 'finish'])
    .addConditionalEdges('await_cleanup', route, ['await_cleanup', 'finish'])
    .addEdge('finish', END)
    .compile({ checkpointer });
}
