import type { DeveloperWorkerOutput, TurnFailureReason } from '@codegen/contracts';
import { type FlowDeps, failed } from '../flow.js';
import { park } from '../park.js';
import type { WaitResult } from '../waits.js';
import { at, type DoomedWorker, type EngineeringState, end, MAX_LOSSES, MAX_ROUNDS, MAX_SPOILED } from './state.js';

/** How a worker's turn ended, as the graph sees it. */
export type TurnOutcome =
  | { kind: 'cancelled'; output?: never }
  | { kind: 'done'; output: DeveloperWorkerOutput }
  /** The work is not good enough: uses up a round. */
  | { kind: 'failure'; reason: string; text: string; output: DeveloperWorkerOutput }
  /** The worker is gone, or never came: costs no round. */
  | { kind: 'lost'; reason: string; text: string; output?: DeveloperWorkerOutput }
  /** The machine of the worker is at fault: costs nothing. */
  | { kind: 'fault'; text: string; hasRun: boolean; isGone: boolean; output: DeveloperWorkerOutput }
  /** No worker could do better. */
  | { kind: 'hopeless'; reason: string; text: string; output?: DeveloperWorkerOutput };

const LOST = new Set<TurnFailureReason>(['worker_lost', 'spawn_failed', 'cancelled']);
const HOPELESS = new Set<TurnFailureReason>(['unknown_agent', 'clone_failed']);

/** What is at fault before the agent runs, or once its work is safe. */
const WITHOUT_RUN = new Set<TurnFailureReason>(['spawn_failed', 'clone_failed', 'push_failed']);

/** Reads the end of a turn. */
export function turnOutcome(result: WaitResult): TurnOutcome {
  if (result.kind === 'cancelled') return { kind: 'cancelled' };
  if (result.kind === 'failed') {
    // Another worker would only say the same, at the price of an attempt.
    const kind = result.reason === 'timeout' ? 'lost' : 'hopeless';
    return { kind, reason: result.reason, text: result.error };
  }
  if (result.kind !== 'answer') throw new Error(`a turn cannot end with ${result.kind}`);
  const output = result.message as DeveloperWorkerOutput;
  if (output.status === 'success') return { kind: 'done', output };
  const known = output.reason ?? (output.status === 'timeout' ? 'timeout' : 'agent_failed');
  if (output.system_fault) {
    return {
      kind: 'fault',
      text: output.system_fault,
      hasRun: !WITHOUT_RUN.has(known),
      isGone: known === 'spawn_failed',
      output,
    };
  }
  const text = output.error ?? output.summary ?? known;
  if (LOST.has(known)) return { kind: 'lost', reason: known === 'cancelled' ? 'worker_lost' : known, text, output };
  if (HOPELESS.has(known)) return { kind: 'hopeless', reason: known, text, output };
  return { kind: 'failure', reason: known, text, output };
}

/**
 * Another round with the failure in the prompt, or the end after the last one. That the agent then changed nothing does
 * not hide what it was to mend.
 */
export function nextRound(state: EngineeringState, reason: string, text: string): Partial<EngineeringState> {
  const open = reason === 'no_changes' ? state.cause : null;
  const why = open
    ? { reason: open.reason, text: `${open.text}\n\nThe agent then changed nothing.` }
    : { reason, text };
  if (state.round >= MAX_ROUNDS) return end(failed(why.reason, why.text));
  const cause = reason === 'no_changes' ? state.cause : { reason, text };
  return { round: state.round + 1, failure: why.text, cause, next: 'develop' };
}

/** The same turn again after a pause. One that spoils a disk again and again ends the task: it may be what fills it. */
export async function afterFault(
  deps: FlowDeps,
  state: EngineeringState,
  step: 'develop' | 'test',
  { text, hasRun }: { text: string; hasRun: boolean },
  worker: string | null,
): Promise<Partial<EngineeringState>> {
  if (hasRun && state.spoiled >= MAX_SPOILED) {
    const why = `${text}. It was so at the end of ${state.spoiled + 1} turns: give them more room, or ask for less where they fill the disk themselves`;
    return end(failed('system_fault', why));
  }
  const parked = await park(deps, state, at(state, step), text, end, worker);
  return { ...parked, spoiled: state.spoiled + (hasRun ? 1 : 0) };
}

/** Another worker in place of a lost one, or the end after too many. */
export function replaceLost(
  state: EngineeringState,
  lost: { workerId: string; role: DoomedWorker['role']; reason: string; text: string },
): Partial<EngineeringState> {
  if (state.losses >= MAX_LOSSES) return end(failed(lost.reason, lost.text));
  return { losses: state.losses + 1, doomed: { id: lost.workerId, role: lost.role }, next: 'replace' };
}
