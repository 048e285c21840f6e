import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix, endTree, identityOf } from '@codegen/sdk/processes';
import type { AgentExit } from './agent-outcome.js';
import type { AgentReader, AgentReport } from './agents/agent.js';
import { readLines, Tail } from './read-events.js';
import { TurnProcesses } from './turn-processes.js';

/** Environment variable of every process of a turn; its value is `<worker id>/<turn's request id>`. */
export const MARKER = 'AGENT_RUN_ID';

export interface AgentRun {
  readonly command: readonly string[];
  /** The agent's complete environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly prompt: string;
  readonly reader: AgentReader;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly lingerMs: number;
  readonly onProgress: (line: string) => void;
  /** Called with every line that the agent prints to stdout or stderr. */
  readonly onLine: (line: string) => void;
  /** Redacts a line before it is cut. */
  readonly clean: (line: string) => string;
  /** Aborted when the worker stops: all processes are killed at once and the run throws. */
  readonly signal: AbortSignal;
}

const MAX_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds to read the rest of stdout after all its writers are dead. */
const DRAIN_MS = 2000;
/** Maximum bytes of a line of stderr. */
const MAX_STDERR_LINE = 64 * 1024;

/**
 * Runs the agent once. States: running → exited, timed out, lingering after its result, output failed, or aborted → its
 * process tree is ended → stdout is drained. All processes that the agent started are ended, also after a normal exit.
 */
export async function spawnAgent(run: AgentRun): Promise<{ exit: AgentExit; report: AgentReport }> {
  const [program, ...args] = [...(await deathSignalPrefix('SIGKILL')), ...run.command];
  run.signal.throwIfAborted();
  const child = spawn(program as string, args, { cwd: run.cwd, env: run.env, detached: true, stdio: 'pipe' });
  const leaders = child.pid === undefined ? [] : [identityOf(child.pid)];
  const over = new AbortController();
  const processes = new TurnProcesses(leaders, [MARKER, run.env[MARKER] ?? '']);
  const watching = processes.watch(over.signal);

  // An error while reading the output ends the turn, which fails with the first such error.
  let outputError: { error: unknown } | undefined;
  let markOutputFailed: () => void = () => undefined;
  const outputFailed = new Promise<'output-failed'>((resolve) => {
    markOutputFailed = () => resolve('output-failed');
  });
  const onOutputError = (error: unknown) => {
    outputError ??= { error };
    markOutputFailed();
  };
  const stderr = new Tail();
  const readingStderr = (async () => {
    for await (const line of readLines(child.stderr, MAX_STDERR_LINE)) {
      stderr.add(`${run.clean(line)}\n`);
      run.onLine(line);
    }
  })().catch(onOutputError);
  // An agent may exit without reading its whole prompt.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.prompt);

  const when = (ms: number) => sleep(Math.min(ms, MAX_TIMER_MS), undefined, { signal: over.signal });
  let markFinished: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    markFinished = resolve;
  });
  const readingStdout = (async () => {
    for await (const line of readLines(child.stdout)) {
      run.onLine(line);
      const progress = run.reader.line(line);
      if (progress) run.onProgress(progress);
      if (run.reader.finished) markFinished();
    }
  })().catch(onOutputError);
  const ended = new Promise<Pick<AgentExit, 'code' | 'signal' | 'startError'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => resolve({ code: null, signal: null, startError: startErrorText(error) }));
  });
  const aborted = new Promise<'aborted'>((resolve) => {
    run.signal.addEventListener('abort', () => resolve('aborted'), { once: true, signal: over.signal });
    if (run.signal.aborted) resolve('aborted');
  });
  const never = new Promise<never>(() => undefined);
  const timedOut = when(run.timeoutMs).then(
    () => 'timeout' as const,
    () => never,
  );
  const lingered = finished
    .then(() => when(run.lingerMs))
    .then(
      () => 'lingered' as const,
      () => never,
    );

  const first = await Promise.race([ended, timedOut, lingered, aborted, outputFailed]);
  over.abort();
  await watching;
  await processes.scan();
  const all = [...leaders, ...processes.remembered];
  const tree = { leaders: all, markers: { [MARKER]: (value: string) => value === run.env[MARKER] } };
  await endTree(tree, { graceMs: first === 'aborted' ? 0 : run.graceMs });
  const how = await ended;
  run.signal.throwIfAborted();
  await Promise.race([Promise.all([readingStdout, readingStderr]), sleep(DRAIN_MS)]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (outputError) throw outputError.error;
  const stopped = first === 'timeout' || first === 'lingered' ? first : undefined;
  return { exit: { ...how, stopped, stderr: stderr.text }, report: run.reader.report() };
}

function startErrorText(error: NodeJS.ErrnoException): string {
  return `cannot start the agent (${error.code ?? error.message}): check its command in the agents file`;
}
