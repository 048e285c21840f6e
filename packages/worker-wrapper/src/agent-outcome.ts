import type { TurnFailureReason } from '@codegen/contracts';
import type { AgentReport } from './agents/agent.js';

/** How the agent's process ended. */
export interface AgentExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the wrapper stopped it, if it did. `lingered`: it kept running after its result. */
  readonly stopped?: 'timeout' | 'lingered' | undefined;
  /** Why it could not be started. */
  readonly startError?: string | undefined;
  /** The end of its stderr. */
  readonly stderr: string;
}

/** Outcome of an agent, before git is checked. */
export type AgentOutcome = { ok: true } | { ok: false; reason: TurnFailureReason; error: string };

/**
 * Classifies an agent's exit, in this order: did we stop it, did its stream end with the final event, what did it report, how
 * did it exit. Exit code 0 alone proves little.
 */
export function classifyAgent(
  exit: AgentExit,
  report: AgentReport,
  { timeoutSeconds, readOnly }: { timeoutSeconds: number; readOnly: boolean },
): AgentOutcome {
  const failed = (reason: TurnFailureReason, error: string): AgentOutcome => ({ ok: false, reason, error });
  if (exit.startError !== undefined) return failed('agent_failed', exit.startError);
  if (exit.stopped === 'timeout') return failed('timeout', `the agent timed out after ${timeoutSeconds} seconds`);
  if (!report.ended) return failed('agent_failed', withStderr('the agent exited without its final event', exit));
  if (report.status === 'failed') {
    const reason = readOnly ? 'tests_failed' : 'agent_failed';
    return failed(reason, report.summary || withStderr('the agent reported failure without a reason', exit));
  }
  if (exit.stopped === 'lingered') return { ok: true };
  if (exit.signal) return failed('agent_failed', withStderr(`the agent was killed by ${exit.signal}`, exit));
  if (exit.code !== 0) return failed('agent_failed', withStderr(`the agent exited with code ${exit.code}`, exit));
  return { ok: true };
}

function withStderr(text: string, { stderr }: AgentExit): string {
  return stderr ? `${text}\n${stderr}` : text;
}
