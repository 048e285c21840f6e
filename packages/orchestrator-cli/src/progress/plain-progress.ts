import { type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import type { Screen } from '../render/screen.js';
import { oneLine, pad } from '../render/text.js';
import type { Progress } from './progress.js';

/** One line an event: `12:00:01 develop  round 1: writing tests`. */
export class PlainProgress implements Progress {
  #lost = false;

  constructor(
    private readonly print: (line: string) => void,
    private readonly screen: Screen,
  ) {}

  show(event: TaskEvent): void {
    this.#lost = false;
    this.print(eventLine(event, this.screen));
  }

  interrupted(): void {
    if (!this.#lost) this.print(`${clock(Date.now())} ${pad('', 8)} the API does not answer; trying again`);
    this.#lost = true;
  }

  async close(): Promise<void> {}
}

/** An event as one line. */
export function eventLine(event: TaskEvent, { paint }: Screen): string {
  const word = event.error_type === 'cancelled' ? 'cancelled' : event.type;
  const step = pad(oneLine(event.current_step ?? word), 8);
  const text = oneLine(event.message ?? event.error ?? word);
  const untold = event.type === 'failed' && event.message && event.error !== event.message ? event.error : null;
  const error = untold ? `: ${oneLine(untold)}` : '';
  const line = `${text}${error}`;
  const painted = event.type === 'failed' ? paint.red(line) : event.type === 'completed' ? paint.green(line) : line;
  return `${paint.dim(clock(wireDatetimeToMs(event.timestamp) ?? Date.now()))} ${paint.cyan(step)} ${painted}`;
}

/** The time of day here, `12:00:01`. */
function clock(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}
