import { type Task, type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import { formatSeconds } from '../input/duration.js';
import type { Output } from '../kit/output.js';
import type { Screen } from '../kit/screen.js';
import { cut, oneLine, pad, widthOf } from '../kit/text.js';
import { LiveView } from './live-view.js';
import { type Phase, Phases } from './phases.js';
import type { Progress } from './progress.js';

/** The steps of a task with a spinner and seconds; the last picture stays. */
export class LiveProgress implements Progress {
  readonly #phases: Phases;
  readonly #startedMs: number;
  readonly #view: LiveView;
  #lost = false;

  constructor(
    private readonly task: Task,
    output: Output,
    private readonly screen: Screen,
  ) {
    this.#phases = new Phases(task.type);
    this.#startedMs = wireDatetimeToMs(task.created_at) ?? Date.now();
    this.#view = new LiveView((columns, spinner) => this.#lines(columns, spinner), output);
  }

  show(event: TaskEvent): void {
    this.#lost = false;
    this.#phases.apply(event, wireDatetimeToMs(event.timestamp) ?? Date.now());
    this.#view.refresh();
  }

  interrupted(): void {
    this.#lost = true;
    this.#view.refresh();
  }

  async close(): Promise<void> {
    await this.#view.close();
  }

  #lines(columns: number, spinner: string | undefined): string[] {
    const { paint } = this.screen;
    const shown = this.#phases.shown();
    const total = formatSeconds((Date.now() - this.#startedMs) / 1000);
    const room = columns - widthOf(total);
    const heading = pad(cut(`${this.task.type} ${this.task.id}`, room - 2), room);
    const first = paint.bold(`${heading}${total}`);
    const lines = shown.map((phase) => this.#line(phase, columns, spinner));
    if (this.#lost) lines.push(paint.yellow(cut('  ! the API does not answer; trying again', columns)));
    else if (spinner !== undefined && shown.every(({ state }) => state === 'ahead')) {
      lines.unshift(paint.dim(`  ${spinner} waiting for its turn`));
    }
    return [first, ...lines];
  }

  #line(phase: Phase, columns: number, spinner: string | undefined): string {
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
        return `  ${paint.cyan(spinner ?? '…')} ${label}  ${note}`;
    }
  }
}
