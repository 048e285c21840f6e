import type { TurnFailureReason } from '@codegen/contracts';
import type { AgentReport } from './agents/agent.js';

/** How the agent's process ended. */
export interface AgentExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it was stopped from outside, if it was. `lingered`: it stayed after its last word. */
  readonly stopped?: 'timeout' | 'lingered' | undefined;
  /** Why it could not be started at all. */
  readonly startError?: string | undefined;
  /** The end of its stderr. */
  readonly stderr: string;
}

export type Verdict = { ok: true } | { ok: false; reason: TurnFailureReason; error: string };

/**
 * Judges what can be told without git, in this order: did we stop it, did its stream end as it must, what does it say,
 * how did it exit. An exit code of 0 alone means little.
 */
export function judgeAgent(
  exit: AgentExit,
  report: AgentReport,
  { timeoutSeconds, readOnly }: { timeoutSeconds: number; readOnly: boolean },
): Verdict {
  const failed = (reason: TurnFailureReason, error: string): Verdict => ({ ok: false, reason, error });
  if (exit.startError !== undefined) return failed('agent_failed', exit.startError);
  if (exit.stopped === 'timeout') return failed('timeout', `the agent was stopped after ${timeoutSeconds} seconds`);
  if (!report.ended) return failed('agent_failed', withStderr('the agent ended without its final event', exit));
  if (report.status === 'failed') {
    const reason = readOnly ? 'tests_failed' : 'agent_failed';
    return failed(reason, report.summary || withStderr('the agent reports failure without saying why', exit));
  }
  if (exit.stopped === 'lingered') return { ok: true };
  if (exit.signal) return failed('agent_failed', withStderr(`the agent was killed by ${exit.signal}`, exit));
  if (exit.code !== 0) return failed('agent_failed', withStderr(`the agent exited with code ${exit.code}`, exit));
  return { ok: true };
}

function withStderr(text: string, { stderr }: AgentExit): string {
  return stderr ? `${text}\n${stderr}` : text;
}
