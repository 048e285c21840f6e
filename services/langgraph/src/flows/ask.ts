import { dispatch } from '../engine/dispatch.js';
import { requestId } from '../engine/request-id.js';
import type { NewWait, WaitResult } from '../engine/waits.js';
import type { CommonState, FlowDeps, Parked } from './flow.js';
import { type ProgressDetails, progress, type StepName } from './report.js';

/** Which time a flow is at a step: the step's name, then what tells its visits apart. */
export type Visit = readonly [StepName, ...number[]];

/** Why the flow waited for the system before it came here once more. */
export function parkedAt({ parked }: Pick<CommonState, 'parked'>, visit: Visit): Parked | undefined {
  return parked?.at === visit.join('/') ? parked : undefined;
}

/** The request id of what is asked at a visit: the same where its node runs again, another one after a pause. */
export function requestIdAt(
  { input, parks }: Pick<CommonState, 'input' | 'parks'>,
  visit: readonly [string, ...number[]],
): string {
  return requestId(input.request_id, ...visit, ...(parks > 0 ? [`again-${parks}`] : []));
}

/** Asks under that id, and says so the first time. */
export async function ask(
  deps: FlowDeps,
  state: CommonState,
  visit: Visit,
  wait: Omit<NewWait, 'requestId' | 'step'>,
  { message, ...details }: ProgressDetails & { message: string },
): Promise<{ wait: string }> {
  const id = requestIdAt(state, visit);
  const [step] = visit;
  const isFirst = await dispatch(deps, state.input.request_id, { requestId: id, step, ...wait });
  if (isFirst && !parkedAt(state, visit)) await progress(deps, state.input, step, message, details);
  return { wait: id };
}

/** What was answered, where only an answer can have ended the wait. */
export function answerOf(result: WaitResult): unknown {
  if (result.kind !== 'answer') throw new Error(`a request cannot be answered with ${result.kind}`);
  return result.message;
}
