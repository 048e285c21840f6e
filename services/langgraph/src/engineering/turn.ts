import type { DeveloperWorkerOutput, TurnFailureReason } from '@codegen/contracts';
import { failed } from '../flow.js';
import type { WaitResult } from '../waits.js';
import { type DoomedWorker, type EngineeringState, end, MAX_LOSSES, MAX_ROUNDS } from './state.js';

/** How a worker's turn ended, as the graph sees it. */
export type TurnOutcome =
  | { kind: 'cancelled'; output?: never }
  | { kind: 'done'; output: DeveloperWorkerOutput }
  /** The work is not good enough: uses up a round. */
  | { kind: 'failure'; reason: string; text: string; output: DeveloperWorkerOutput }
  /** The worker is gone, or never came: costs no round. */
  | { kind: 'lost'; reason: string; text: string; output?: DeveloperWorkerOutput }
  /** No worker could do better. */
  | { kind: 'hopeless'; reason: string; text: string; output?: DeveloperWorkerOutput };

const LOST = new Set<TurnFailureReason>(['worker_lost', 'spawn_failed', 'cancelled']);
const HOPELESS = new Set<TurnFailureReason>(['unknown_agent', 'clone_failed']);

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

/** Another worker in place of a lost one, or the end after too many. */
export function replaceLost(
  state: EngineeringState,
  lost: { workerId: string; role: DoomedWorker['role']; reason: string; text: string },
): Partial<EngineeringState> {
  if (state.losses >= MAX_LOSSES) return end(failed(lost.reason, lost.text));
  return { losses: state.losses + 1, doomed: { id: lost.workerId, role: lost.role }, next: 'replace' };
}
