import { Annotation } from '@langchain/langgraph';
import { commonState, last, type Outcome, type StepConfig } from '../flow.js';

/** Where a release is to run. */
export interface Place {
  server_handle: string;
  server_ip: string;
  service: string;
  port: number;
}

export const DeployState = Annotation.Root({
  ...commonState,
  next: last<DeployStep>(() => 'begin'),
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

export type DeployStep =
  | 'begin'
  | 'check_environment'
  | 'await_secrets'
  | 'allocate'
  | 'deploy'
  | 'verify'
  | 'park'
  | 'finish';

/** A node of the graph: what it changes in the state. */
export type DeployNode = (state: DeployState, config: StepConfig) => Promise<Partial<DeployState>>;

/** Ends the flow with this outcome. */
export function end(outcome: Outcome): Partial<DeployState> {
  return { outcome, next: 'finish' };
}
