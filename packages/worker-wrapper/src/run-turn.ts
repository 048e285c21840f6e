import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type DeveloperWorkerOutput,
  developerWorkerOutput,
  type TurnFailureReason,
  type WorkerInput,
} from '@codegen/contracts';
import { RESPOND_SOCKET } from '@codegen/sdk';
import { diskFault, faultInOutput, SystemFault, systemFault } from '@codegen/sdk/files';
import type { Logger } from '@codegen/sdk/queue';
import type { Redactor } from '@codegen/sdk/text';
import { type AgentOutcome, classifyAgent } from './agent-outcome.js';
import type { AgentAdapter } from './agents/agent.js';
import { cleanText } from './clean-text.js';
import type { WrapperConfig } from './config.js';
import { MARKER, spawnAgent } from './spawn-agent.js';
import { watchDisk } from './watch-disk.js';
import { type Changes, GitError, MACHINE, type Workspace } from './workspace.js';

const MAX_BYTES = 16 * 1024;
const MAX_FILES = 5000;
const MAX_WARNINGS = 10;
/** Maximum characters of a line that are redacted; more than the log and a progress event keep. */
const MAX_LOGGED = 32 * 1024;

export interface TurnDeps {
  readonly config: WrapperConfig;
  readonly adapter: AgentAdapter;
  /** Redacts the secrets in all output of the agent. */
  readonly redactor: Redactor;
  /** A run whose work could not be saved because of a machine fault; the same turn, requested again, resumes from it. */
  readonly unsaved: { run?: AgentRun | undefined };
  /** Undefined for a worker without a repository. */
  readonly workspace: Workspace | undefined;
  readonly sessionId: string;
  /** Whether an earlier turn used the session. */
  readonly resumes: boolean;
  /** Path of the respond socket; undefined if it could not be opened. */
  readonly respondPath: string | undefined;
  readonly onProgress: (line: string) => void;
  /** Called with every raw line that the agent prints. */
  readonly onLine: (line: string) => void;
  /** Aborted when the worker stops; the turn then throws and is not reported. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Outcome of the agent in a turn, and its changes if they are known. */
interface AgentRun {
  readonly turn: Pick<WorkerInput, 'prompt' | 'task_id' | 'epoch'>;
  readonly start: string | undefined;
  readonly outcome: AgentOutcome;
  readonly reported: Pick<DeveloperWorkerOutput, 'summary' | 'usage' | 'exit_code'>;
  /** The machine fault during the run, if any. */
  readonly fault: string | undefined;
  readonly changes?: Changes;
}

/**
 * Runs one turn: clone, agent, independent check of git, push. A failed turn returns its reason; only a stopping worker
 * throws. If the machine is at fault, the answer says so, and unsaved work is kept until the same turn is requested again.
 */
export async function runTurn(input: WorkerInput, deps: TurnDeps): Promise<DeveloperWorkerOutput> {
  const { config, workspace } = deps;
  const readOnly = config.repo?.readOnly ?? false;
  const startedAt = Date.now();
  const kept = (text: string) => cleanText(text, deps.redactor, { maxBytes: MAX_BYTES, keep: 'end' });
  const line = (text: string) => cleanText(text.slice(0, MAX_LOGGED), deps.redactor, { maxBytes: MAX_LOGGED });
  const answer = (outcome: AgentOutcome, more: Partial<DeveloperWorkerOutput> = {}) =>
    developerWorkerOutput.parse({
      request_id: input.request_id,
      status: outcome.ok ? 'success' : 'failed',
      task_id: input.task_id,
      worker_id: config.workerId,
      epoch: input.epoch,
      duration_ms: Date.now() - startedAt,
      ...(!outcome.ok && { reason: outcome.reason, error: kept(outcome.error) }),
      ...more,
    });

  const faulty = async (reason: TurnFailureReason, error: unknown) => {
    const fault = await systemFault(error, { whose: MACHINE, folders: [] });
    if (fault === undefined) throw error;
    return answer({ ok: false, reason, error: fault }, { system_fault: fault });
  };

  const { unsaved } = deps;
  const known = isDeepStrictEqual(unsaved.run?.turn, turnOf(input)) ? unsaved.run : undefined;
  unsaved.run = undefined;
  let start = known?.start;
  if (!known) {
    try {
      const fault = await diskFault(config.workerDir);
      if (fault) throw new SystemFault(fault, MACHINE);
      start = await workspace?.prepare();
    } catch (error) {
      if (error instanceof GitError) return answer({ ok: false, reason: 'clone_failed', error: error.message });
      return faulty('clone_failed', error);
    }
  }
  const run = known ?? (await runAgent(input, start, deps, { kept, line }));
  if (!run.outcome.ok && run.fault !== undefined) {
    const { reason, error } = run.outcome;
    return answer({ ok: false, reason, error: `${run.fault}\n${error}` }, { ...run.reported, system_fault: run.fault });
  }
  let { outcome } = run;
  const { reported } = run;
  if (!workspace || start === undefined) return answer(outcome, reported);

  let { changes } = run;
  try {
    changes ??= await workspace.finish(start, commitMessage(input, reported.summary));
  } catch (error) {
    if (!(error instanceof GitError)) {
      unsaved.run = run;
      return faulty('push_failed', error);
    }
    deps.logger.warn({ error: error.message }, 'cannot read the repository after the turn');
    const failed = { ok: false, reason: 'agent_failed', error: error.message } as const;
    return answer(outcome.ok ? failed : { ...outcome, error: `${outcome.error}\n${error.message}` }, reported);
  }
  for (const warning of changes.warnings.slice(0, MAX_WARNINGS)) deps.onProgress(line(`warning: ${warning}`));
  if (outcome.ok && changes.problem) outcome = { ok: false, reason: 'agent_failed', error: changes.problem };
  const files = changes.files.slice(0, MAX_FILES).map((name) => deps.redactor.clean(name));
  const result = { ...reported, commit_sha: changes.sha, files_changed: files };
  if (readOnly) return answer(outcome, result);
  const nothing = changes.files.length === 0;
  if (nothing && outcome.ok) outcome = { ok: false, reason: 'no_changes', error: 'the agent changed no files' };
  // Commits without changes are pushed: the repository may reject them, and the agent needs the reason.
  if (nothing && changes.sha === start) return answer(outcome, result);
  // The work of a failed turn is pushed too, so that it outlives the worker.
  const branch = input.task_id ? `task/${input.task_id}/${input.epoch}` : undefined;
  if (!branch) return answer(outcome, result);
  try {
    await workspace.push(changes.sha, branch);
  } catch (error) {
    if (!(error instanceof GitError)) {
      unsaved.run = { ...run, changes };
      return faulty('push_failed', error);
    }
    if (outcome.ok || outcome.reason === 'no_changes')
      outcome = { ok: false, reason: 'push_failed', error: error.message };
    return answer(outcome, result);
  }
  if (nothing) return answer(outcome, result);
  return answer(outcome, { ...result, branch });
}

function turnOf({ prompt, task_id, epoch }: WorkerInput): AgentRun['turn'] {
  return { prompt, task_id, epoch };
}

/** Runs the agent, and reports a machine fault that its folder shows. */
async function runAgent(
  input: WorkerInput,
  start: string | undefined,
  deps: TurnDeps,
  { kept, line }: Record<'kept' | 'line', (text: string) => string>,
): Promise<AgentRun> {
  const { config, adapter } = deps;
  const disk = watchDisk(config.workerDir);
  const { exit, report } = await spawnAgent({
    command: adapter.command({ sessionId: deps.sessionId, resumes: deps.resumes }),
    env: agentEnvironment(input, deps),
    cwd: join(config.workerDir, 'repo'),
    prompt: input.prompt,
    reader: adapter.reader(),
    timeoutMs: input.timeout * 1000,
    graceMs: config.terminateGraceMs,
    lingerMs: config.lingerMs,
    onProgress: (text) => deps.onProgress(line(text)),
    onLine: (text) => deps.onLine(text),
    clean: line,
    signal: deps.signal,
  }).finally(() => disk.stop());
  const readOnly = config.repo?.readOnly ?? false;
  const outcome = classifyAgent(exit, report, { timeoutSeconds: input.timeout, readOnly });
  // The disk is checked itself: the agent's output about a full disk may come from a test.
  const code = disk.wasFull() ?? faultInOutput(exit.startError) ?? (await diskFault(config.workerDir));
  const summary = kept(report.summary ?? '') || null;
  return {
    turn: turnOf(input),
    start,
    outcome,
    reported: { summary, usage: report.usage ?? null, exit_code: exit.code },
    fault: code && new SystemFault(code, MACHINE).message,
  };
}

/** The agent's complete environment: an allowlist, the configured variables, and the marker. */
function agentEnvironment(input: WorkerInput, { config, adapter, sessionId, resumes, respondPath }: TurnDeps) {
  return {
    PATH: config.path,
    LANG: config.lang,
    HOME: join(config.workerDir, 'home'),
    TMPDIR: join(config.workerDir, 'tmp'),
    // The agent's git must not find a repository around the worker's folder.
    GIT_CEILING_DIRECTORIES: resolve(config.workerDir),
    ...config.agent.env,
    ...adapter.env({ sessionId, resumes }),
    AGENT_SESSION_ID: sessionId,
    ...(respondPath !== undefined && { [RESPOND_SOCKET]: respondPath }),
    [MARKER]: `${config.workerId}/${input.request_id}`,
  };
}

function commitMessage(input: WorkerInput, summary: string | null): string {
  const subject = (summary ?? '')
    .split('\n')[0]
    ?.replace(/^[#\s]+/, '')
    .trim()
    .slice(0, 72);
  return `${subject || 'Work of the developer agent'}\n\nTask: ${input.task_id ?? 'none'}\n`;
}
