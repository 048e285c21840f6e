import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type DeveloperWorkerOutput,
  developerWorkerOutput,
  type TurnFailureReason,
  type WorkerInput,
} from '@codegen/contracts';
import { RESPOND_SOCKET } from '@codegen/sdk';
import { diskFault, SystemFault, saidFault, systemFault } from '@codegen/sdk/files';
import type { Logger } from '@codegen/sdk/queue';
import type { Redactor } from '@codegen/sdk/text';
import type { AgentAdapter } from './agents/agent.js';
import { cleanText } from './clean-text.js';
import type { WrapperConfig } from './config.js';
import { MARKER, spawnAgent } from './spawn-agent.js';
import { judgeAgent, type Verdict } from './verdict.js';
import { watchRoom } from './watch-room.js';
import { type Changes, GitError, MACHINE, type Workspace } from './workspace.js';

const MAX_BYTES = 16 * 1024;
const MAX_FILES = 5000;
const MAX_WARNINGS = 10;
/** Characters of a printed line that are looked through; more than the log and a progress message keep. */
const MAX_LOGGED = 32 * 1024;

export interface TurnDeps {
  readonly config: WrapperConfig;
  readonly adapter: AgentAdapter;
  /** Knows what must not show up in anything the agent says. */
  readonly redactor: Redactor;
  /** A run of the agent whose work the machine kept from being saved: the same turn, asked for again, goes on from there. */
  readonly unsaved: { run?: AgentRun | undefined };
  /** Undefined for a worker without a repository. */
  readonly workspace: Workspace | undefined;
  readonly sessionId: string;
  /** Whether the session was used by an earlier turn. */
  readonly resumes: boolean;
  /** Where the agent may say something to its user; undefined where that cannot be had. */
  readonly respondPath: string | undefined;
  readonly onProgress: (line: string) => void;
  /** Told of every line that the agent prints, as it is. */
  readonly onLine: (line: string) => void;
  /** Aborted when the worker must end; the turn then throws and is not reported. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** What came of the agent in a turn, and as far as it is known, of its work. */
interface AgentRun {
  readonly turn: Pick<WorkerInput, 'prompt' | 'task_id' | 'epoch'>;
  readonly start: string | undefined;
  readonly verdict: Verdict;
  readonly said: Pick<DeveloperWorkerOutput, 'summary' | 'usage' | 'exit_code'>;
  /** What was wrong with the machine meanwhile. */
  readonly fault: string | undefined;
  readonly changes?: Changes;
}

/**
 * Runs one turn: clone, agent, an independent look at git, push. A turn that fails returns too, with its reason; it
 * throws only when the worker itself must end. Where the machine is at fault, the answer says so, and work that is not saved
 * yet is kept for the same turn when it is asked for again.
 */
export async function runTurn(input: WorkerInput, deps: TurnDeps): Promise<DeveloperWorkerOutput> {
  const { config, workspace } = deps;
  const readOnly = config.repo?.readOnly ?? false;
  const startedAt = Date.now();
  const kept = (text: string) => cleanText(text, deps.redactor, { maxBytes: MAX_BYTES, keep: 'end' });
  const line = (text: string) => cleanText(text.slice(0, MAX_LOGGED), deps.redactor, { maxBytes: MAX_LOGGED });
  const answer = (verdict: Verdict, more: Partial<DeveloperWorkerOutput> = {}) =>
    developerWorkerOutput.parse({
      request_id: input.request_id,
      status: verdict.ok ? 'success' : 'failed',
      task_id: input.task_id,
      worker_id: config.workerId,
      epoch: input.epoch,
      duration_ms: Date.now() - startedAt,
      ...(!verdict.ok && { reason: verdict.reason, error: kept(verdict.error) }),
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
  if (!run.verdict.ok && run.fault !== undefined) {
    const { reason, error } = run.verdict;
    return answer({ ok: false, reason, error: `${run.fault}\n${error}` }, { ...run.said, system_fault: run.fault });
  }
  let { verdict } = run;
  const { said } = run;
  if (!workspace || start === undefined) return answer(verdict, said);

  let { changes } = run;
  try {
    changes ??= await workspace.finish(start, commitMessage(input, said.summary));
  } catch (error) {
    if (!(error instanceof GitError)) {
      unsaved.run = run;
      return faulty('push_failed', error);
    }
    deps.logger.warn({ error: error.message }, 'the repository cannot be read after the turn');
    const failed = { ok: false, reason: 'agent_failed', error: error.message } as const;
    return answer(verdict.ok ? failed : { ...verdict, error: `${verdict.error}\n${error.message}` }, said);
  }
  for (const warning of changes.warnings.slice(0, MAX_WARNINGS)) deps.onProgress(line(`warning: ${warning}`));
  if (verdict.ok && changes.problem) verdict = { ok: false, reason: 'agent_failed', error: changes.problem };
  const files = changes.files.slice(0, MAX_FILES).map((name) => deps.redactor.clean(name));
  const seen = { ...said, commit_sha: changes.sha, files_changed: files };
  if (readOnly) return answer(verdict, seen);
  const nothing = changes.files.length === 0;
  if (nothing && verdict.ok)
    verdict = { ok: false, reason: 'no_changes', error: 'the agent ended without changing a file' };
  // Commits that change no file may be such that no repository takes them, and the agent is to know why.
  if (nothing && changes.sha === start) return answer(verdict, seen);
  // Work of a failed turn is pushed too, so that it outlives the worker.
  const branch = input.task_id ? `task/${input.task_id}/${input.epoch}` : undefined;
  if (!branch) return answer(verdict, seen);
  try {
    await workspace.push(changes.sha, branch);
  } catch (error) {
    if (!(error instanceof GitError)) {
      unsaved.run = { ...run, changes };
      return faulty('push_failed', error);
    }
    if (verdict.ok || verdict.reason === 'no_changes')
      verdict = { ok: false, reason: 'push_failed', error: error.message };
    return answer(verdict, seen);
  }
  if (nothing) return answer(verdict, seen);
  return answer(verdict, { ...seen, branch });
}

function turnOf({ prompt, task_id, epoch }: WorkerInput): AgentRun['turn'] {
  return { prompt, task_id, epoch };
}

/** Runs the agent. Where it fails, tells whether its machine is at fault, as far as its folder shows that. */
async function runAgent(
  input: WorkerInput,
  start: string | undefined,
  deps: TurnDeps,
  { kept, line }: Record<'kept' | 'line', (text: string) => string>,
): Promise<AgentRun> {
  const { config, adapter } = deps;
  const room = watchRoom(config.workerDir);
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
  }).finally(() => room.stop());
  const readOnly = config.repo?.readOnly ?? false;
  const verdict = judgeAgent(exit, report, { timeoutSeconds: input.timeout, readOnly });
  // What it says of a full disk may be what it tests: the disk itself is asked.
  const code = room.wasFull() ?? saidFault(exit.startError) ?? (await diskFault(config.workerDir));
  const summary = kept(report.summary ?? '') || null;
  return {
    turn: turnOf(input),
    start,
    verdict,
    said: { summary, usage: report.usage ?? null, exit_code: exit.code },
    fault: code && new SystemFault(code, MACHINE).message,
  };
}

/** Everything the agent's process gets: an allowlist, what the operator and the command configured, the marker. */
function agentEnvironment(input: WorkerInput, { config, adapter, sessionId, resumes, respondPath }: TurnDeps) {
  return {
    PATH: config.path,
    LANG: config.lang,
    HOME: join(config.workerDir, 'home'),
    TMPDIR: join(config.workerDir, 'tmp'),
    // The agent's git must not take a repository around the worker's folder for its own.
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
