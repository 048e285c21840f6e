import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix, endTree, identityOf } from '@codegen/sdk/processes';
import type { AgentReader, AgentReport } from './agents/agent.js';
import { readLines, Tail } from './read-events.js';
import { TurnProcesses } from './turn-processes.js';
import type { AgentExit } from './verdict.js';

/** Variable that every process of a turn carries; its value is `<worker id>/<turn's request id>`. */
export const MARKER = 'AGENT_RUN_ID';

export interface AgentRun {
  readonly command: readonly string[];
  /** All that the agent gets; nothing of this process's environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly prompt: string;
  readonly reader: AgentReader;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly lingerMs: number;
  readonly onProgress: (line: string) => void;
  /** Told of every line that the agent prints, to stdout or stderr. */
  readonly onLine: (line: string) => void;
  /** Takes the secrets out of a line, before only a part of it is kept. */
  readonly clean: (line: string) => string;
  /** Aborted when the worker itself must end: everything is killed at once and the run throws. */
  readonly signal: AbortSignal;
}

const MAX_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds for the rest of stdout, after everyone who could write to it is dead. */
const DRAIN_MS = 2000;
/** Bytes of a line on stderr that are kept. */
const MAX_STDERR_LINE = 64 * 1024;

/**
 * Runs the agent once. States: running → exited, out of time, lingering after its last word, its output cannot be
 * handled, or aborted → its tree is ended → stdout is drained. Whatever the agent left running dies with it, also after a normal exit.
 */
export async function spawnAgent(run: AgentRun): Promise<{ exit: AgentExit; report: AgentReport }> {
  const [program, ...args] = [...(await deathSignalPrefix('SIGKILL')), ...run.command];
  run.signal.throwIfAborted();
  const child = spawn(program as string, args, { cwd: run.cwd, env: run.env, detached: true, stdio: 'pipe' });
  const leaders = child.pid === undefined ? [] : [identityOf(child.pid)];
  const over = new AbortController();
  const processes = new TurnProcesses(leaders, [MARKER, run.env[MARKER] ?? '']);
  const watching = processes.watch(over.signal);

  // An output that cannot be handled ends the turn, which fails with the first such error.
  let broken: { error: unknown } | undefined;
  let endBroken: () => void = () => undefined;
  const breaks = new Promise<'broken'>((resolve) => {
    endBroken = () => resolve('broken');
  });
  const outputBroke = (error: unknown) => {
    broken ??= { error };
    endBroken();
  };
  const stderr = new Tail();
  const complaints = (async () => {
    for await (const line of readLines(child.stderr, MAX_STDERR_LINE)) {
      stderr.add(`${run.clean(line)}\n`);
      run.onLine(line);
    }
  })().catch(outputBroke);
  // An agent need not read its prompt to the end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.prompt);

  const when = (ms: number) => sleep(Math.min(ms, MAX_TIMER_MS), undefined, { signal: over.signal });
  let saidLastWord: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    saidLastWord = resolve;
  });
  const reading = (async () => {
    for await (const line of readLines(child.stdout)) {
      run.onLine(line);
      const progress = run.reader.line(line);
      if (progress) run.onProgress(progress);
      if (run.reader.finished) saidLastWord();
    }
  })().catch(outputBroke);
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

  const first = await Promise.race([ended, timedOut, lingered, aborted, breaks]);
  over.abort();
  await watching;
  await processes.look();
  const all = [...leaders, ...processes.remembered];
  const tree = { leaders: all, markers: { [MARKER]: (value: string) => value === run.env[MARKER] } };
  await endTree(tree, { graceMs: first === 'aborted' ? 0 : run.graceMs });
  const how = await ended;
  run.signal.throwIfAborted();
  await Promise.race([Promise.all([reading, complaints]), sleep(DRAIN_MS)]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (broken) throw broken.error;
  const stopped = first === 'timeout' || first === 'lingered' ? first : undefined;
  return { exit: { ...how, stopped, stderr: stderr.text }, report: run.reader.report() };
}

function startErrorText(error: NodeJS.ErrnoException): string {
  return `the agent could not be started (${error.code ?? error.message}): check its command in the agents file`;
}
