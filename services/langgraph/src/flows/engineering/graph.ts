import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { FlowDeps } from '../flow.js';
import { parkStep } from '../park.js';
import { buildFlow } from '../step.js';
import { beginStep } from './begin.js';
import { cleanupStep } from './cleanup.js';
import { developStep } from './develop.js';
import { finishStep } from './finish.js';
import { mergeStep } from './merge.js';
import { replaceStep } from './replace.js';
import { scaffoldStep } from './scaffold.js';
import { EngineeringState, end } from './state.js';
import { testStep } from './test.js';

/**
 * The engineering department.
 *
 * begin → scaffold? → develop ⇄ test → merge → cleanup → finish
 * Workers of an earlier attempt that may live are deleted between begin and begin again.
 * A step that the system is at fault for is asked for again after a pause (park).
 * A failure goes back to develop (3 rounds); a lost worker goes through replace; cancel leads to cleanup from any wait.
 */
export function engineeringGraph(deps: FlowDeps, checkpointer: BaseCheckpointSaver) {
  const steps = {
    begin: beginStep(deps),
    scaffold: scaffoldStep(deps),
    develop: developStep(deps),
    test: testStep(deps),
    merge: mergeStep(deps),
    replace: replaceStep(deps),
    park: parkStep<EngineeringState>(deps),
    cleanup: cleanupStep(deps),
    finish: finishStep(deps),
  };
  return buildFlow<EngineeringState>(EngineeringState, steps, { deps, end, checkpointer });
}
