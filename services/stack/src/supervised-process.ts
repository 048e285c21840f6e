import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix, identityOf, isSameProcess, isStopped, type ProcessIdentity } from '@codegen/sdk/processes';

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;
/** What ran for so long has worked: its next end counts as the first. */
const SETTLED_MS = 10_000;
const LEFTOVER_GRACE_MS = 5000;
const LOOK_MS = 1000;

/** Node for what is up for days and has little to do: it keeps half the memory, and is a little slower where it has much. */
export const FRUGAL_NODE = [process.execPath, '--optimize-for-size'] as const;

/** What is to be kept running. */
export interface ProcessPlan {
  readonly argv: readonly string[];
  readonly options: SpawnOptions;
  /** What the kernel sends it when this process dies. */
  readonly deathSignal: 'SIGTERM' | 'SIGKILL';
  /** Where its pid is kept, so that the next start ends one that was left behind all the same. */
  readonly pidFile?: string;
  /** Is called right after the spawn; resolves when it does its work, rejects where it never will. */
  ready(child: ChildProcess): Promise<unknown>;
  /** How long that may take; as long as it wants without this. */
  readonly readyMs?: number;
  /** It ended, or did not come up; the next try comes after so long. */
  onEnd(how: string, nextTryMs: number): void;
  /** What else is to be known of it: that it is up again, or goes on; a verb with what belongs to it. */
  onTold?(what: string): void;
  /** Whether an end is the last one; without it none is but that of `stop`. */
  isLast?(end: ProcessEnd): boolean;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process that is started again whenever it ends.
 *
 * States: starting → up → (it ends) → waiting → starting …; starting → (it fails) → waiting. Every waiting is longer than
 * the one before, 0.1 to 10 s, until it has run for 10 s. `stop` ends any of them.
 */
export class SupervisedProcess {
  readonly #plan: ProcessPlan;
  readonly #stopping = new AbortController();
  /** The first try: rejects with why it failed, and the tries go on. */
  readonly firstTry: Promise<void>;
  /** Settles when it will not be started any more, with its last end. */
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

  /** Sends a signal to what runs now; nothing where nothing does. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Ends it for good: with a signal, and after `graceMs` with SIGKILL. Settles when it is gone. */
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
      failures = performance.now() - startedMs >= SETTLED_MS ? 1 : failures + 1;
      const delayMs = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
      onEnd(how, delayMs);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    this.#firstTry.reject(new Error('it was stopped'));
    return end;
  }

  /** From one start to its end. */
  async #once(isAgain: boolean): Promise<ProcessEnd & { how: string }> {
    const { argv, options, deathSignal, pidFile, ready, readyMs, onTold } = this.#plan;
    const [program, ...words] = [...(await deathSignalPrefix(deathSignal)), ...argv];
    if (this.#stopping.signal.aborted) return { code: null, signal: null, how: 'it was stopped' };
    const child = spawn(program as string, words, options);
    this.#child = child;
    const exit = new Promise<ProcessEnd & { how: string }>((resolve) => {
      // Also a signal that cannot be sent is an error; only what never ran has no pid.
      child.on('error', (error) => child.pid ?? resolve({ code: null, signal: null, how: error.message }));
      child.once('exit', (code, signal) => resolve({ code, signal, how: signal ?? `exit code ${code}` }));
    });
    let trouble = '';
    const isDown = (error: Error) => {
      trouble ||= `: ${error.message}`;
      child.kill('SIGKILL');
    };
    const isUp = () => {
      if (isAgain) onTold?.('runs again');
      this.#firstTry.resolve();
    };
    const late = () => isDown(new Error(`it was not up within ${(readyMs ?? 0) / 1000} s`));
    const timer = readyMs === undefined ? undefined : setTimeout(late, readyMs);
    ready(child)
      .then(isUp, isDown)
      .finally(() => clearTimeout(timer));
    // Programs of the same user can stop it, as they can kill it. Stopped, it would never end, nor be started again.
    const looks = setInterval(() => {
      if (!child.pid || !isStopped(child.pid)) return;
      child.kill('SIGCONT');
      onTold?.('was stopped by a signal and goes on');
    }, LOOK_MS).unref();
    // It runs without the file too; the file is for where the kernel does not end it with this process.
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

/** Ends what a killed stack left behind: two of them on the same files would ruin these. */
export async function endLeftover(pidFile: string): Promise<void> {
  const identity = await readFile(pidFile, 'utf8')
    .then((text) => JSON.parse(text) as ProcessIdentity)
    .catch(() => undefined);
  for (const deadline = Date.now() + LEFTOVER_GRACE_MS; identity && isSameProcess(identity); await sleep(20)) {
    try {
      process.kill(identity.pid, Date.now() > deadline ? 'SIGKILL' : 'SIGTERM');
    } catch {
      // It went in between.
    }
  }
}
