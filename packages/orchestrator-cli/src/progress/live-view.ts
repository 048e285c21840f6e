import { writeSync } from 'node:fs';
import { Listr, type ListrEventManager, ListrEventType, Spinner } from 'listr2';
import type { Output } from '../kit/output.js';
import { widthOf } from '../kit/text.js';

/** The lines of a picture, each narrower than so many columns. The spinner is gone in the last picture. */
export type Picture = (columns: number, spinner: string | undefined) => string[];

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** A picture on standard error, drawn over itself until it is closed; the last one stays. */
export class LiveView {
  readonly #list: Listr<object, typeof PictureRenderer, 'silent'>;
  readonly #done: Promise<unknown>;
  #finish: () => void = () => undefined;

  constructor(picture: Picture, output: Output) {
    const shown = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    this.#list = new Listr<object, typeof PictureRenderer, 'silent'>([{ task: () => shown }], {
      renderer: PictureRenderer,
      rendererOptions: { picture, output },
      fallbackRenderer: 'silent',
      // Signals are the command's affair: it closes this view.
      registerSignalListeners: false,
    });
    this.#done = this.#list.run();
  }

  /** Draws at once, rather than when the spinner turns. */
  refresh(): void {
    this.#list.events.emit(ListrEventType.SHOULD_REFRESH_RENDER);
  }

  /** Draws the last picture and gives the cursor back. */
  async close(): Promise<void> {
    this.#finish();
    await this.#done;
  }
}

interface PictureOptions {
  picture: Picture;
  output: Output;
}

/** Draws only the lines that have changed. listr2's own renderer writes to standard output and cannot go back a step. */
class PictureRenderer {
  /** It is standard error that has to be a terminal; whoever opens a view has seen to that. */
  static readonly nonTTY = true;
  static readonly rendererOptions = {} as PictureOptions;
  static readonly rendererTaskOptions = {};
  readonly #spinner = new Spinner();
  readonly #suspend = () => this.#stopped();
  #drawn: string[] = [];
  #columns = 0;

  constructor(
    _tasks: unknown,
    private readonly options: PictureOptions,
    private readonly events?: ListrEventManager,
  ) {}

  render(): void {
    this.#begin();
    this.events?.on(ListrEventType.SHOULD_REFRESH_RENDER, () => this.#draw(this.#spinner.fetch()));
    this.#spinner.start(() => this.#draw(this.#spinner.fetch()));
    this.#draw(this.#spinner.fetch());
  }

  end(): void {
    this.#spinner.stop();
    this.#draw(undefined);
    process.off('SIGTSTP', this.#suspend);
    void this.options.output.err(SHOW_CURSOR);
  }

  #begin(): void {
    void this.options.output.err(HIDE_CURSOR);
    process.on('SIGTSTP', this.#suspend);
  }

  /** Ctrl-Z: the shell gets its cursor back, and the view goes on below what was typed there. */
  #stopped(): void {
    writeSync(process.stderr.fd, SHOW_CURSOR);
    process.off('SIGTSTP', this.#suspend);
    process.once('SIGCONT', () => {
      this.#drawn = [];
      this.#begin();
      this.#draw(this.#spinner.fetch());
    });
    process.kill(process.pid, 'SIGTSTP');
  }

  #draw(spinner: string | undefined): void {
    // One column stays free: writing into the last one makes some terminals wrap.
    const columns = Math.max(20, (process.stderr.columns || 80) - 1);
    const lines = this.options.picture(columns, spinner);
    const same = columns === this.#columns ? commonStart(this.#drawn, lines) : 0;
    if (same === lines.length && same === this.#drawn.length) return;
    // In a window that became narrower, what stands there may take more rows than it has lines.
    const rows = this.#drawn.slice(same).map((line) => Math.max(1, Math.ceil(widthOf(line) / columns)));
    const up = rows.reduce((sum, count) => sum + count, 0);
    const text = lines.slice(same).map((line) => `${line}\n`);
    void this.options.output.err(`${up > 0 ? `\u001b[${up}A` : ''}\r\u001b[J${text.join('')}`);
    this.#drawn = lines;
    this.#columns = columns;
  }
}

function commonStart(before: readonly string[], now: readonly string[]): number {
  const first = now.findIndex((line, at) => line !== before[at]);
  return first < 0 ? now.length : first;
}
