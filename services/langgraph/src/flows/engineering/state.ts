import { Annotation } from '@langchain/langgraph';
import type { Outcome } from '../../engine/outcome.js';
import type { Visit } from '../ask.js';
import { commonState, last } from '../flow.js';
import type { StepName } from '../report.js';
import type { Step } from '../step.js';

/** Rounds of develop and test that a task gets. */
export const MAX_ROUNDS = 3;
/** Lost workers that are replaced. */
export const MAX_LOSSES = 3;

/** Turns that ran and are repeated because a full disk spoiled them: it may be the agent that fills it. */
export const MAX_SPOILED = 2;

/** What a developer's turn left on its branch. */
export interface Commit {
  sha: string;
  branch: string;
}

/** Why a round failed. */
export interface Cause {
  reason: string;
  text: string;
}

/** A worker to be deleted before the flow goes on. */
export interface DoomedWorker {
  id: string;
  /**
   * Whose place is to be filled: a developer's work is fenced off by a new epoch first. `former`: a worker of an earlier
   * attempt, which must be gone before this one begins.
   */
  role: 'developer' | 'tester' | 'former';
}

export const EngineeringState = Annotation.Root({
  ...commonState,
  next: last<StepKey>(() => 'begin'),
  /** Counts develop and test together, from 1. */
  round: last<number>(() => 1),
  losses: last<number>(() => 0),
  /** The developer's worker, which keeps its clone and session over the rounds. */
  developer: last<string | null>(() => null),
  /** Where main stood when the developer's turn began. */
  base_sha: last<string | null>(() => null),
  commit: last<Commit | null>(() => null),
  /** What the turns of this developer changed, all together. */
  files: last<string[]>(() => []),
  /** What the next prompt says went wrong. */
  failure: last<string | null>(() => null),
  /** Why the last round failed that failed for more than an agent that changed nothing. */
  cause: last<Cause | null>(() => null),
  /** Every worker that was asked for and is not known to be gone. */
  workers: last<string[]>(() => []),
  doomed: last<DoomedWorker | null>(() => null),
  /** Turns that ran, and that a full disk spoiled. */
  spoiled: last<number>(() => 0),
});
export type EngineeringState = typeof EngineeringState.State;

type StepKey = 'begin' | 'scaffold' | 'develop' | 'test' | 'merge' | 'replace' | 'park' | 'cleanup' | 'finish';

/** A step of the graph. */
export type EngineeringStep = Step<EngineeringState>;

/** Ends the flow with this outcome, once its workers are gone. */
export function end(outcome: Outcome): Partial<EngineeringState> {
  return { outcome, next: 'cleanup' };
}

/**
 * Which time the flow is at a step. It is in the request ids, and in flows that stand there while the service is replaced:
 * another version that counted otherwise would ask once more.
 */
export function visit({ epoch, round, losses }: EngineeringState, step: StepName): Visit {
  if (step === 'scaffold') return [step];
  // A lost tester alone is replaced within a round.
  return step === 'test' ? [step, epoch, round, losses] : [step, epoch, round];
}
