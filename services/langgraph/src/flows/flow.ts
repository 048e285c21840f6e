import type { Api } from '@codegen/sdk/api';
import { Annotation, type StateType } from '@langchain/langgraph';
import type { Clock } from '../engine/database/clock.js';
import type { DispatchDeps } from '../engine/dispatch.js';
import type { Outcome } from '../engine/outcome.js';
import type { ThreadInput } from '../engine/threads.js';

/** What flows may be told by the operator. */
export interface FlowSettings {
  developer: {
    agent: 'claude-code' | 'factory-droid' | 'codex' | 'custom';
    agentConfig?: string | undefined;
    turnTimeoutSeconds: number;
  };
  tester: { agentConfig: string; turnTimeoutSeconds: number };
  /** Milliseconds that each kind of request may stay unanswered. */
  limits: {
    /** A place for a worker, until it has started: others may have all of them for hours. */
    workerMs: number;
    /** Scaffolding, and a merge. */
    repositoryMs: number;
    /** A release: fetch, install, start, health, with what is before it in line. */
    deployMs: number;
    /** Secrets that a person has to set. */
    secretsMs: number;
    /** A machine that is at fault, such as one with a full disk. */
    systemMs: number;
  };
  /** Milliseconds that a deployed URL gets to answer with its release. */
  verifyMs: number;
}

/** What every step works with. */
export interface FlowDeps extends DispatchDeps {
  readonly api: Api;
  readonly settings: FlowSettings;
  /** The time; that of a replica's host may be wrong, and flows move between replicas. */
  readonly nowMs: Clock;
}

/** What a step gets of LangGraph's config: the signal that tells it to stop acting. */
export interface StepConfig {
  signal?: AbortSignal;
}

/** A step that the system is at fault for: it is asked for again after a pause. */
export interface Parked {
  /** The step, and which time it is that the flow is there. */
  at: string;
  /** What is wrong, and what to do. */
  text: string;
  since_ms: number;
  tries: number;
  /** The worker that has the work, if it lives. */
  worker: string | null;
}

/** A state field that keeps what was written last. */
export function last<T>(initial: () => T) {
  return Annotation<T>({ reducer: (_, value) => value, default: initial });
}

/** The state fields that both graphs have. */
export const commonState = {
  input: Annotation<ThreadInput>,
  /** Fence of the task: rises when a worker is replaced. */
  epoch: last<number>(() => 0),
  /** Request id of the wait that the flow stands at. */
  wait: last<string>(() => ''),
  /** When the flow began, in milliseconds since 1970. */
  started_ms: last<number>(() => 0),
  /** The project's status before the flow touched it. */
  previous_status: last<string>(() => ''),
  outcome: last<Outcome | null>(() => null),
  /** Why it waited for the system last. */
  parked: last<Parked | null>(() => null),
  /** How often it waited for the system: tells what is asked again from what was asked. */
  parks: last<number>(() => 0),
};

/** Their values. */
export type CommonState = StateType<typeof commonState>;

/** Whether somebody wants the task to stop, asked before and after what cannot be called back. */
export async function cancelRequested(
  { api }: Pick<FlowDeps, 'api'>,
  { task_id }: Pick<ThreadInput, 'task_id'>,
  signal?: AbortSignal,
): Promise<boolean> {
  return (await api.tasks.get(task_id, { signal })).cancel_requested;
}
