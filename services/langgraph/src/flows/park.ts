import { WAITING_SYSTEM } from '@codegen/contracts';
import { dispatch } from '../engine/dispatch.js';
import { failed, type Outcome } from '../engine/outcome.js';
import { requestId } from '../engine/request-id.js';
import { parkedAt, type Visit } from './ask.js';
import type { CommonState, FlowDeps, Parked } from './flow.js';
import { progress, type StepName } from './report.js';
import type { Step } from './step.js';

const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

/**
 * Has the step asked for again after a pause, since the machine that it ran on is at fault: no round, worker or attempt is
 * used up. Where that has gone on for too long, the task fails.
 */
export async function park<Change extends object>(
  deps: FlowDeps,
  state: CommonState,
  visit: Visit,
  text: string,
  end: (outcome: Outcome) => Change,
  worker: string | null = null,
) {
  const nowMs = await deps.nowMs();
  const { since_ms = nowMs, tries = 0 } = parkedAt(state, visit) ?? {};
  if (nowMs - since_ms >= deps.settings.limits.systemMs) return end(failed('system_fault', text));
  const parked = { at: visit.join('/'), text, since_ms, tries: tries + 1, worker };
  return { parked, parks: state.parks + 1, next: 'park' as const };
}

/** The pause: begins it, says why in the task and once in its events, and then goes back to the step. */
export function parkStep<State extends CommonState & { next: string }>(deps: FlowDeps): Step<State> {
  return {
    kind: 'early',
    asksNobody: true,
    ask: async ({ input, epoch, parked, parks }, { signal }) => {
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
      return { wait: id } as Partial<State>;
    },
    onAnswer: async (_, { input, epoch, parked }, { signal }) => {
      if (!parked) throw new Error('there is nothing to go back to');
      await deps.api.tasks.transition(input.task_id, { epoch, status: 'running', reason: null }, { signal });
      return { next: stepOf(parked) } as Partial<State>;
    },
  };
}

function stepOf({ at }: Parked): StepName {
  return at.split('/')[0] as StepName;
}
