import type { Usage } from '@codegen/contracts';

/** What an adapter needs to know of the turn to build its command line. The prompt always goes to stdin. */
interface AgentTurn {
  /** The agent's session; the same over all turns of a worker. */
  readonly sessionId: string;
  /** Whether this session was used before. */
  readonly resumes: boolean;
}

/** One CLI agent: how it is run and how its stream is read. */
export interface AgentAdapter {
  command(turn: AgentTurn): readonly string[];
  /** Variables of the adapter's own, beside the allowlisted ones. */
  env(turn: AgentTurn): Readonly<Record<string, string>>;
  /** A reader for the stdout of one turn. */
  reader(): AgentReader;
}

export interface AgentReader {
  /** Takes a line of stdout; returns what of it is progress, if anything. Never throws on a line it does not know. */
  line(text: string): string | undefined;
  /** Whether the agent has said its last word. A process that stays after that is ended after a moment. */
  readonly finished: boolean;
  /** What the agent said, after its stdout has ended. */
  report(): AgentReport;
}

/** What the agent says of itself; git says what it did. */
export interface AgentReport {
  /** False where the stream lacks the event that must end it: the agent died or was cut off. */
  readonly ended: boolean;
  /** Undefined where it gave no verdict. */
  readonly status?: 'success' | 'failed';
  readonly summary?: string;
  readonly usage?: Usage;
}
