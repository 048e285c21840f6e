import { type BaseCheckpointSaver, END, START, StateGraph } from '@langchain/langgraph';
import { isAway } from '../engine/backoff.js';
import { awaitResult } from '../engine/dispatch.js';
import type { Flow } from '../engine/driver.js';
import { cancelled, type Outcome } from '../engine/outcome.js';
import type { WaitResult } from '../engine/waits.js';
import { type CommonState, cancelRequested, type FlowDeps, type StepConfig } from './flow.js';

/** A step that asks nobody: what it changes in the state. */
type Node<State> = (state: State, config: StepConfig) => Promise<Partial<State>>;

/** A step that asks somebody. Between its halves no process holds anything. */
interface Asking<State, Result> {
  /** The node of its second half, where that is none of its name: flows stand there while the service is replaced. */
  rest?: string;
  /** Sends the request, and gives its wait; or asks nobody and names the `next` step. Run again, it asks the same. */
  ask: Node<State>;
  /** Reads the answer. */
  onAnswer(result: Result, state: State, config: StepConfig): Promise<Partial<State>>;
}

type Answered = Exclude<WaitResult, { kind: 'superseded' }>;

/**
 * A step of a flow. A request to cancel ends the flow after an `early` one, whatever it found: nothing has come of the task
 * by then that could not be called back. A `late` one is told of it, and decides itself. Where a step `asksNobody`, it ends
 * the flow before the wait too: no worker was asked for that the state does not name yet.
 */
export type Step<State> =
  | ({ kind: 'early'; asksNobody?: true } & Asking<State, Exclude<Answered, { kind: 'cancelled' }>>)
  | ({ kind: 'late' } & Asking<State, Answered>)
  | { kind: 'early' | 'late'; run: Node<State> };

/** As much of LangGraph's builder as flows need, without the names of nodes in its type. */
interface Builder<State> {
  addNode(name: string, node: Node<State>): unknown;
  addEdge(from: string, to: string): unknown;
  addConditionalEdges(from: string, route: (state: State) => string): unknown;
  compile(options: { checkpointer: BaseCheckpointSaver }): Flow;
}

/**
 * The graph of a flow. A step that asks is two nodes: `develop` sends, `await_develop` rests at a LangGraph interrupt. After
 * each step the flow goes to the one that its state names as `next`; `finish` is the last.
 */
export function buildFlow<State extends CommonState & { next: string }>(
  annotation: unknown,
  steps: Record<State['next'], Step<State>>,
  options: { deps: FlowDeps; end: (outcome: Outcome) => Partial<State>; checkpointer: BaseCheckpointSaver },
): Flow {
  const graph = new StateGraph(annotation as never) as unknown as Builder<State>;
  const guard = ({ kind }: Step<State>, node: Node<State>) => (kind === 'early' ? cancellable(node, options) : node);
  for (const [name, step] of Object.entries<Step<State>>(steps)) {
    if ('run' in step) {
      graph.addNode(name, guard(step, step.run));
      if (name === 'finish') graph.addEdge(name, END);
      else graph.addConditionalEdges(name, (state) => state.next);
      continue;
    }
    const answer: Node<State> = async (state, config) => {
      const result = awaitResult(state.wait);
      if (step.kind === 'late') return step.onAnswer(result, state, config);
      return result.kind === 'cancelled' ? options.end(cancelled) : step.onAnswer(result, state, config);
    };
    const { rest = `await_${name}` } = step;
    graph.addNode(name, step.kind === 'early' && step.asksNobody ? guard(step, step.ask) : step.ask);
    graph.addConditionalEdges(name, ({ next }) => (next === name ? rest : next));
    graph.addNode(rest, guard(step, answer));
    graph.addConditionalEdges(rest, ({ next }) => next);
  }
  graph.addEdge(START, 'begin');
  return graph.compile({ checkpointer: options.checkpointer });
}

/** A request to cancel ends the flow after the step, and where the step cannot go on because something is away. */
function cancellable<State extends CommonState>(
  node: Node<State>,
  { deps, end }: { deps: FlowDeps; end: (outcome: Outcome) => Partial<State> },
): Node<State> {
  return async (state, config) => {
    try {
      const change = await node(state, config);
      if (change.outcome?.status === 'cancelled') return change;
      return (await cancelRequested(deps, state.input, config.signal)) ? { ...change, ...end(cancelled) } : change;
    } catch (error) {
      if (!isAway(error) || !(await cancelRequested(deps, state.input, config.signal))) throw error;
      return end(cancelled);
    }
  };
}
