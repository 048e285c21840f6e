import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@codegen/sdk/queue';
import { boundedText } from '@codegen/sdk/text';
import { DeployFailure, type FailureDetails } from '../executors/executor.js';
import type { Release } from './start-release.js';

const FIRST_DELAY_MS = 200;
const LAST_DELAY_MS = 10_000;
/** A release that ran for so long is taken to have worked: its next failure counts as the first. */
const SETTLED_MS = 10_000;
/** One that was killed is gone by then, unless the kernel itself hangs. */
const EXIT_MS = 1000;
/** Of its output in the log: one that ends again and again, for weeks, is to fill no disk. */
const LOGGED_BYTES = 2048;
/** So often in a row a release may leave a probe unanswered. */
const SILENT_PROBES = 3;

export interface SupervisorOptions {
  /** Starts the release and waits until it is healthy. */
  start(signal: AbortSignal): Promise<Release>;
  /** It is healthy; from now on it may get requests. */
  onUp(release: Release): Promise<void>;
  /** Undefined where it still answers, else why not; asked every `probeEveryMs`. */
  probe(release: Release): Promise<string | undefined>;
  readonly probeEveryMs: number;
  /** It has gone; nobody is to get requests. */
  onDown(release: Release): void;
  readonly logger: Logger;
}

/**
 * Keeps one release running until it is stopped.
 *
 * States: starting → up → (it ends, or answers nothing any more and is ended) → waiting → starting …; starting → (it fails) → waiting. Every waiting is longer than
 * the one before, 0.2 to 10 s, until a release has run for 10 s. `stop` ends any of them and hands over what is up.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #release: Release | undefined;
  #failures = 0;

  /** With a release that is up already, or none. */
  constructor(options: SupervisorOptions, initial?: Release) {
    this.#options = options;
    this.#release = initial;
    this.#done = this.#run();
  }

  /** What is up now. */
  get release(): Release | undefined {
    return this.#release;
  }

  /** Stops watching; a release that is up goes on running and is given back. */
  async stop(): Promise<Release | undefined> {
    this.#stopping.abort();
    await this.#done;
    return this.#release;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<'stopped'>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    while (!signal.aborted) {
      const release = this.#release ?? (await this.#start());
      if (release && (await Promise.race([this.#untilDown(release), stopped])) !== 'stopped') await this.#down(release);
      if (!signal.aborted) await sleep(this.#delayMs(), undefined, { signal }).catch(() => undefined);
    }
  }

  async #start(): Promise<Release | undefined> {
    const { start, onUp, logger } = this.#options;
    const { signal } = this.#stopping;
    try {
      this.#release = await start(signal);
    } catch (error) {
      this.#failures += 1;
      if (!signal.aborted) {
        const details = error instanceof DeployFailure ? error.details : {};
        logger.warn(
          { error: String(error), ...details, ...lastWords(details), next_try_ms: this.#delayMs() },
          'release does not start',
        );
      }
      return undefined;
    }
    await onUp(this.#release).catch((error) => logger.error({ error: String(error) }, 'release state not recorded'));
    return this.#release;
  }

  /** Settles when it ends, or has not answered for so long that it will not. */
  async #untilDown(release: Release): Promise<void> {
    const { probe, probeEveryMs, logger } = this.#options;
    const over = new AbortController();
    const exited = release.process.exited.then(() => over.abort());
    const signal = AbortSignal.any([over.signal, this.#stopping.signal]);
    for (let silent = 0; !signal.aborted; ) {
      await sleep(probeEveryMs, undefined, { signal }).catch(() => undefined);
      const wrong = signal.aborted ? undefined : await Promise.race([probe(release), exited.then(() => undefined)]);
      silent = wrong === undefined ? 0 : silent + 1;
      if (silent < SILENT_PROBES || signal.aborted) continue;
      logger.warn({ error: wrong, probes: silent }, 'release answers no more; it is ended and started again');
      return;
    }
  }

  async #down(release: Release): Promise<void> {
    const { onDown, logger } = this.#options;
    this.#release = undefined;
    try {
      onDown(release);
    } catch (error) {
      logger.error({ error: String(error) }, 'a release that ended may still get requests');
    }
    const ranMs = Date.now() - release.startedAt.getTime();
    this.#failures = ranMs >= SETTLED_MS ? 1 : this.#failures + 1;
    await release.process.stop(0).catch((error) => logger.error({ error: String(error) }, 'release left processes'));
    const exit = await Promise.race([release.process.exited, sleep(EXIT_MS)]);
    logger.warn({ ran_ms: ranMs, ...exit, ...lastWords(release.process.output()) }, 'release ended');
  }

  #delayMs(): number {
    return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, this.#failures - 1));
  }
}

function lastWords({ stdout, stderr }: FailureDetails): FailureDetails {
  const end = (text: string) => boundedText(text, { maxBytes: LOGGED_BYTES, keep: 'end' });
  return { ...(stdout && { stdout: end(stdout) }), ...(stderr && { stderr: end(stderr) }) };
}
