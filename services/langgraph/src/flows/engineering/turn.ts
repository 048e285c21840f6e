import {
  createWorkerCommand,
  type DeveloperWorkerOutput,
  type TurnFailureReason,
  type WorkerConfig,
  workerCommands,
  workerInputs,
  workerResultKey,
} from '@codegen/contracts';
import { outgoing } from '../../engine/dispatch.js';
import { failed } from '../../engine/outcome.js';
import type { WaitResult } from '../../engine/waits.js';
import { answerOf, ask, requestIdAt, type Visit } from '../ask.js';
import type { FlowDeps } from '../flow.js';
import { park } from '../park.js';
import type { ProgressDetails } from '../report.js';
import { type DoomedWorker, type EngineeringState, end, MAX_LOSSES, MAX_ROUNDS, MAX_SPOILED, visit } from './state.js';

/** An answer may come this much later than the turn's own limit. */
const TURN_GRACE_MS = 60_000;

/** A worker's turn, and how its worker is made. */
interface Turn {
  role: 'developer' | 'tester';
  workerId: string;
  /** The request that creates the worker; null where it is there. */
  createId: string | null;
  config: Pick<WorkerConfig, 'name' | 'agent' | 'repo'> & { agent_config?: string };
  prompt: string;
  timeoutSeconds: number;
}

/** Asks for a turn; the command that creates its worker goes out together with it. */
export async function askTurn(
  deps: FlowDeps,
  state: EngineeringState,
  here: Visit,
  { role, workerId, createId, config, prompt, timeoutSeconds }: Turn,
  said: ProgressDetails & { message: string },
): Promise<Partial<EngineeringState>> {
  const { input, epoch, workers } = state;
  const { task_id, project_id, user_id, correlation_id, callback_stream } = input;
  const request_id = requestIdAt(state, here);
  const turn = outgoing(
    workerInputs,
    {
      ...{ request_id, correlation_id, prompt, timeout: timeoutSeconds },
      ...{ task_id, project_id, user_id, epoch, callback_stream },
    },
    { type: 'developer', worker_id: workerId },
  );
  const creation = (id: string) =>
    outgoing(
      workerCommands,
      createWorkerCommand.parse({
        request_id: id,
        correlation_id,
        config: { ...config, worker_type: 'developer', capabilities: ['git', 'node'], env_vars: {} },
        context: { task_id, project_id, epoch: String(epoch) },
      }),
    );
  const wait = {
    messages: createId === null ? [turn] : [creation(createId), turn],
    responseKey: workerResultKey(workerId, request_id),
    silence: `the worker-manager and the ${role} ${workerId} did not answer the turn`,
    deadlineMs: timeoutSeconds * 1000 + TURN_GRACE_MS,
    cancelAfterMs: 0,
    worker:
      createId === null
        ? undefined
        : {
            requestId: createId,
            silence: `the worker-manager did not start the ${role} ${workerId}`,
            deadlineMs: deps.settings.limits.workerMs,
          },
  };
  return {
    ...(await ask(deps, state, here, wait, said)),
    workers: workers.includes(workerId) ? workers : [...workers, workerId],
  };
}

/** How a worker's turn ended, as the graph sees it. */
export type TurnOutcome =
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
  if (result.kind === 'failed') {
    // Another worker would only say the same, at the price of an attempt.
    const kind = result.reason === 'timeout' ? 'lost' : 'hopeless';
    return { kind, reason: result.reason, text: result.error };
  }
  const output = answerOf(result) as DeveloperWorkerOutput;
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
  const parked = await park(deps, state, visit(state, step), text, end, worker);
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
