import type { Usage } from '@codegen/contracts';

/** The parts of a turn that an adapter needs to build the command line. The prompt always goes to stdin. */
interface AgentTurn {
  /** The agent's session; the same in all turns of a worker. */
  readonly sessionId: string;
  /** Whether an earlier turn used this session. */
  readonly resumes: boolean;
}

/** One CLI agent: how to run it and how to read its output. */
export interface AgentAdapter {
  command(turn: AgentTurn): readonly string[];
  /** The adapter's environment variables, in addition to the allowlisted ones. */
  env(turn: AgentTurn): Readonly<Record<string, string>>;
  /** Creates a reader for the stdout of one turn. */
  reader(): AgentReader;
}

export interface AgentReader {
  /** Reads a line of stdout; returns its progress text, if any. Never throws on an unknown line. */
  line(text: string): string | undefined;
  /** Whether the agent has reported its result. If its process still runs after a grace period, it is stopped. */
  readonly finished: boolean;
  /** The agent's report, once stdout has ended. */
  report(): AgentReport;
}

/** The agent's own report. Its actual changes are read from git. */
export interface AgentReport {
  /** False if the stream lacks its final event: the agent died or was cut off. */
  readonly ended: boolean;
  /** Undefined if the agent reported none. */
  readonly status?: 'success' | 'failed';
  readonly summary?: string;
  readonly usage?: Usage;
}
