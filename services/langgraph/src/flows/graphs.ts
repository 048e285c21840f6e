import type { FencedSaver } from '../engine/checkpoints.js';
import { turnTracingOff } from '../engine/tracing.js';
import { deployGraph } from './deploy/graph.js';
import { engineeringGraph } from './engineering/graph.js';
import type { FlowDeps } from './flow.js';

/** The graph of each kind of task; none of them tells LangChain's tracing service anything. */
export function flowGraphs(deps: FlowDeps, saver: FencedSaver) {
  turnTracingOff();
  return { engineering: engineeringGraph(deps, saver), deploy: deployGraph(deps, saver) };
}
