import { WAITING_SYSTEM } from '@codegen/contracts';
import { awaitResult, dispatch } from './dispatch.js';
import { cancelled, type FlowDeps, failed, type Outcome, type Parked, type StepConfig } from './flow.js';
import { progress, type StepName } from './report.js';
import { requestId } from './request-id.js';
import type { ThreadInput } from './threads.js';

interface ParkingState {
  input: ThreadInput;
  epoch: number;
  wait: string;
  parked: Parked | null;
  parks: number;
}

const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

/** What tells the request ids of a step that is asked for again from those before. */
export function again(parks: number): string[] {
  return parks > 0 ? [`again-${parks}`] : [];
}

/** Why the flow waited for the system before it came here once more. */
export function parkedAt({ parked }: Pick<ParkingState, 'parked'>, at: string): Parked | undefined {
  return parked?.at === at ? parked : undefined;
}

/**
 * Has the step asked for again after a pause, since the machine that it ran on is at fault: no round, worker or attempt is
 * used up. Where that has gone on for too long, the task fails. `at` begins with the step's name.
 */
export async function park<Change extends object>(
  deps: FlowDeps,
  state: ParkingState,
  at: string,
  text: string,
  end: (outcome: Outcome) => Change,
  worker: string | null = null,
) {
  const nowMs = await deps.nowMs();
  const { since_ms = nowMs, tries = 0 } = parkedAt(state, at) ?? {};
  if (nowMs - since_ms >= deps.settings.limits.systemMs) return end(failed('system_fault', text));
  return { parked: { at, text, since_ms, tries: tries + 1, worker }, parks: state.parks + 1, next: 'park' as const };
}

/** Begins a pause, and says why: in the task, and once in its events. */
export function parkStep(deps: FlowDeps) {
  return async ({ input, epoch, parked, parks }: ParkingState, { signal }: StepConfig) => {
    if (!parked) throw new Error('there is nothing to wait for');
    const { text, tries } = parked;
    const id = requestId(input.request_id, 'park', parks);
    const why = { epoch, status: 'running', reason: WAITING_SYSTEM, error: text } as const;
    await deps.api.tasks.transition(input.task_id, why, { signal });
    await dispatch(deps, input.request_id, {
      requestId: id,
      step: 'park',
      messages: [],
      silence: '',
      deadlineMs: Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 10)),
      isPause: true,
      cancelAfterMs: 0,
    });
    if (tries === 1) {
      const message = `it waits: ${text}; it then goes on by itself, and no attempt is used up`;
      await progress(deps, input, stepOf(parked), message, { errorType: WAITING_SYSTEM });
    }
    return { wait: id };
  };
}

/** Goes back to the step when the pause is over. */
export function awaitPark<Change extends object>(deps: FlowDeps, end: (outcome: Outcome) => Change) {
  return async ({ input, epoch, wait, parked }: ParkingState, { signal }: StepConfig) => {
    const result = awaitResult(wait);
    if (result.kind === 'cancelled' || !parked) return end(cancelled);
    await deps.api.tasks.transition(input.task_id, { epoch, status: 'running', reason: null }, { signal });
    // Each graph parks only what it comes back to.
    return { next: stepOf(parked) as never };
  };
}

function stepOf({ at }: Parked): StepName {
  return at.split('/')[0] as StepName;
}
