import { type Task, type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import { formatSeconds } from '../duration.js';
import type { Output } from '../output.js';
import type { Screen } from '../render/screen.js';
import { cut, oneLine, pad, widthOf } from '../render/text.js';
import { type Phase, Phases } from './phases.js';
import type { Progress } from './progress.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const EVERY_MS = 120;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** The steps of a task with a spinner and seconds, drawn over themselves; the last picture stays. */
export class LiveProgress implements Progress {
  readonly #phases: Phases;
  readonly #startedMs: number;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #frame = 0;
  #lost = false;
  #closed = false;

  constructor(
    private readonly task: Task,
    private readonly output: Output,
    private readonly screen: Screen,
  ) {
    this.#phases = new Phases(task.type);
    this.#startedMs = wireDatetimeToMs(task.created_at) ?? Date.now();
    this.#timer = setInterval(() => this.#draw(), EVERY_MS);
    void output.err(HIDE_CURSOR);
    this.#draw();
  }

  show(event: TaskEvent): void {
    this.#lost = false;
    this.#phases.apply(event, wireDatetimeToMs(event.timestamp) ?? Date.now());
  }

  interrupted(): void {
    this.#lost = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#draw();
    void this.output.err(SHOW_CURSOR);
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    // One column stays free: writing into the last one makes some terminals wrap.
    const columns = Math.max(20, (process.stderr.columns || 80) - 1);
    const lines = this.#lines(columns);
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    void this.output.err(`${up}\r\u001b[J${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = lines.length;
  }

  #lines(columns: number): string[] {
    const { paint } = this.screen;
    const shown = this.#phases.shown();
    const total = formatSeconds((Date.now() - this.#startedMs) / 1000);
    const heading = `${this.task.type} ${this.task.id}`;
    const gap = ' '.repeat(Math.max(2, columns - widthOf(heading) - widthOf(total)));
    const first = cut(`${heading}${gap}${total}`, columns);
    const lines = shown.map((phase) => this.#line(phase, columns));
    if (this.#lost) lines.push(paint.yellow(cut('  ! the API does not answer; trying again', columns)));
    else if (shown.every((phase) => phase.state === 'ahead') && !this.#closed) {
      lines.unshift(paint.dim(`  ${FRAMES[this.#frame]} waiting for its turn`));
    }
    return [paint.bold(first), ...lines];
  }

  #line(phase: Phase, columns: number): string {
    const { paint } = this.screen;
    const spentMs = phase.spentMs + (phase.state === 'active' ? Math.max(0, Date.now() - phase.sinceMs) : 0);
    const seconds = phase.state === 'ahead' && spentMs === 0 ? '' : formatSeconds(spentMs / 1000);
    const label = `${pad(oneLine(phase.name), 10)}${seconds.padStart(7)}`;
    const note = cut(oneLine(phase.note), Math.max(0, columns - widthOf(label) - 6));
    switch (phase.state) {
      case 'ahead':
        return paint.dim(`  · ${label}`.trimEnd());
      case 'done':
        return `  ${paint.green('✔')} ${label}  ${paint.dim(note)}`;
      case 'failed':
        return `  ${paint.red('✖')} ${label}  ${paint.red(note)}`;
      case 'active':
        // A view that is closed while a step runs was let go of: the step goes on.
        return `  ${paint.cyan(this.#closed ? '…' : FRAMES[this.#frame])} ${label}  ${note}`;
    }
  }
}
