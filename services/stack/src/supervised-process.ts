import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix, identityOf, isSameProcess, isStopped, type ProcessIdentity } from '@codegen/sdk/processes';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;
/** After running this long, a process counts as working: its next end counts as the first. */
const STABLE_MS = 10_000;
const LEFTOVER_GRACE_MS = 5000;
const LOOK_MS = 1000;

/** Node for processes that run for days and do little: uses half the memory, and is a little slower under load. */
export const FRUGAL_NODE = [process.execPath, '--optimize-for-size'] as const;

/** A process to keep running. */
export interface ProcessPlan {
  readonly argv: readonly string[];
  readonly options: SpawnOptions;
  /** The signal that the kernel sends it when this process dies. */
  readonly deathSignal: 'SIGTERM' | 'SIGKILL';
  /** File for its pid, so that the next start ends one that was left behind. */
  readonly pidFile?: string;
  /** Called after the spawn; resolves when the process is up, rejects if it cannot start. */
  ready(child: ChildProcess): Promise<unknown>;
  /** Milliseconds that `ready` may take; unlimited by default. */
  readonly readyMs?: number;
  /** Called when it ended or did not start, with the milliseconds until the next try. */
  onEnd(how: string, nextTryMs: number): void;
  /** Called with other news about it, as a verb phrase: `runs again`. */
  onNews?(what: string): void;
  /** Whether not to restart after an end; by default only `stop` prevents a restart. */
  isLast?(end: ProcessEnd): boolean;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process that is restarted whenever it ends.
 *
 * States: starting → up → (it ends) → waiting → starting …; starting → (it fails) → waiting. Each wait is longer than the
 * last, 0.1 to 10 s, until it has run for 10 s. `stop` works in every state.
 */
export class SupervisedProcess {
  readonly #plan: ProcessPlan;
  readonly #stopping = new AbortController();
  /** Resolves when it is up first; rejects if the first try failed, though it is retried. */
  readonly firstTry: Promise<void>;
  /** Resolves with the last end, when it will not be restarted. */
  readonly ended: Promise<ProcessEnd>;
  #child: ChildProcess | undefined;
  #firstTry!: { resolve: () => void; reject: (error: Error) => void };

  constructor(plan: ProcessPlan) {
    this.#plan = plan;
    this.firstTry = new Promise((resolve, reject) => {
      this.#firstTry = { resolve, reject };
    });
    this.firstTry.catch(() => undefined);
    this.ended = this.#run();
  }

  /** Sends a signal to the running process, if any. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Stops it for good: sends a signal, and SIGKILL after `graceMs`. Resolves when it has ended. */
  async stop(graceMs?: number, name: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    this.#stopping.abort();
    this.signal(name);
    const timer = graceMs === undefined ? undefined : setTimeout(() => this.signal('SIGKILL'), graceMs);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  async #run(): Promise<ProcessEnd> {
    const { pidFile, onEnd, isLast } = this.#plan;
    if (pidFile) await endLeftover(pidFile);
    let end: ProcessEnd = { code: null, signal: null };
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      const startedMs = performance.now();
      const { how, ...last } = await this.#once(failures > 0);
      end = last;
      this.#firstTry.reject(new Error(how));
      if (this.#stopping.signal.aborted || isLast?.(end)) break;
      failures = performance.now() - startedMs >= STABLE_MS ? 1 : failures + 1;
      const delayMs = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
      onEnd(how, delayMs);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    this.#firstTry.reject(new Error('it was stopped'));
    return end;
  }

  /** Runs the process once. */
  async #once(isAgain: boolean): Promise<ProcessEnd & { how: string }> {
    const { argv, options, deathSignal, pidFile, ready, readyMs, onNews } = this.#plan;
    const [program, ...words] = [...(await deathSignalPrefix(deathSignal)), ...argv];
    if (this.#stopping.signal.aborted) return { code: null, signal: null, how: 'it was stopped' };
    const child = spawn(program as string, words, options);
    this.#child = child;
    const exit = new Promise<ProcessEnd & { how: string }>((resolve) => {
      // A signal that cannot be sent is an error event too; only a process that never ran has no pid.
      child.on('error', (error) => child.pid ?? resolve({ code: null, signal: null, how: error.message }));
      child.once('exit', (code, signal) => resolve({ code, signal, how: signal ?? `exit code ${code}` }));
    });
    let trouble = '';
    const isDown = (error: Error) => {
      trouble ||= `: ${error.message}`;
      child.kill('SIGKILL');
    };
    const isUp = () => {
      if (isAgain) onNews?.('runs again');
      this.#firstTry.resolve();
    };
    const late = () => isDown(new Error(`it was not up within ${(readyMs ?? 0) / 1000} s`));
    const timer = readyMs === undefined ? undefined : setTimeout(late, readyMs);
    ready(child)
      .then(isUp, isDown)
      .finally(() => clearTimeout(timer));
    // Programs of the same user can send SIGSTOP. A stopped process would never end, so it would never restart.
    const looks = setInterval(() => {
      if (!child.pid || !isStopped(child.pid)) return;
      child.kill('SIGCONT');
      onNews?.('was stopped by a signal and goes on');
    }, LOOK_MS).unref();
    // The file only matters where the kernel does not end it with this process, so ignore errors.
    if (pidFile && child.pid) {
      await writeFile(pidFile, JSON.stringify(identityOf(child.pid)), { mode: 0o600 }).catch(() => undefined);
    }
    const end = await exit;
    this.#child = undefined;
    clearTimeout(timer);
    clearInterval(looks);
    return { ...end, how: `${end.how}${trouble}` };
  }
}

/** Ends the process that a killed stack left behind: two on the same files would corrupt them. */
export async function endLeftover(pidFile: string): Promise<void> {
  const identity = await readFile(pidFile, 'utf8')
    .then((text) => JSON.parse(text) as ProcessIdentity)
    .catch(() => undefined);
  for (const deadline = Date.now() + LEFTOVER_GRACE_MS; identity && isSameProcess(identity); await sleep(20)) {
    try {
      process.kill(identity.pid, Date.now() > deadline ? 'SIGKILL' : 'SIGTERM');
    } catch {
      // It has just ended.
    }
  }
}
