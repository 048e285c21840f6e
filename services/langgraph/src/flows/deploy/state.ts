import { Annotation } from '@langchain/langgraph';
import type { Outcome } from '../../engine/outcome.js';
import type { Visit } from '../ask.js';
import { commonState, last } from '../flow.js';
import type { Step } from '../step.js';

/** Where a release is to run. */
export interface Place {
  server_handle: string;
  server_ip: string;
  /** Checkpoints of an earlier version have none: the server is local. */
  server_kind?: string;
  service: string;
  port: number;
}

export const DeployState = Annotation.Root({
  ...commonState,
  next: last<StepKey>(() => 'begin'),
  /** The commit that is deployed: main as it was when the flow began. */
  commit_sha: last<string | null>(() => null),
  /** Reference to the project's secrets. */
  secrets_ref: last<string>(() => 'none:'),
  /** Ports tried so far. */
  ports: last<number>(() => 0),
  /** Ports that turned out to be taken by something else, and where the server says that another one is free. */
  taken: last<number[]>(() => []),
  from_port: last<number | null>(() => null),
  place: last<Place | null>(() => null),
  url: last<string | null>(() => null),
});
export type DeployState = typeof DeployState.State;

type StepKey = 'begin' | 'check_environment' | 'allocate' | 'deploy' | 'verify' | 'park' | 'finish';

/** A step of the graph. */
export type DeployStep = Step<DeployState>;

/** Ends the flow with this outcome. */
export function end(outcome: Outcome): Partial<DeployState> {
  return { outcome, next: 'finish' };
}

/** Which time the flow asks for a release. */
export function visit({ epoch, ports }: DeployState): Visit {
  return ['deploy', epoch, ports];
}
