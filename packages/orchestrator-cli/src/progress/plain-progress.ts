import { type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { oneLine, pad } from '../kit/text.js';
import type { Progress } from './progress.js';

/** Milliseconds without an event after which the last one is told again: a log must show what is waited for. */
const QUIET_MS = 60_000;

/** One line an event: `12:00:01 develop  round 1: writing tests`; where none comes, once a minute what the last one said. */
export class PlainProgress implements Progress {
  #lost = false;
  #reminder: NodeJS.Timeout | undefined;

  constructor(
    private readonly print: (line: string) => void,
    private readonly screen: Screen,
  ) {}

  show(event: TaskEvent): void {
    this.#lost = false;
    this.print(eventLine(event, this.screen));
    clearInterval(this.#reminder);
    const still = { ...event, message: `still: ${event.message ?? event.type}` };
    this.#reminder = setInterval(() => {
      this.print(eventLine({ ...still, timestamp: new Date().toISOString() }, this.screen));
    }, QUIET_MS);
    this.#reminder.unref();
  }

  interrupted(): void {
    if (!this.#lost) this.print(`${clock(Date.now())} ${pad('', 8)} the API does not answer; trying again`);
    this.#lost = true;
  }

  async close(): Promise<void> {
    clearInterval(this.#reminder);
  }
}

/** An event as one line. */
export function eventLine(event: TaskEvent, { paint }: Screen): string {
  const word = event.error_type === 'cancelled' ? 'cancelled' : event.type;
  const step = pad(oneLine(event.current_step ?? word), 8);
  const text = oneLine(event.message ?? event.error ?? word);
  // A request to cancel says all.
  const untold = word === 'failed' && event.message ? event.error : null;
  // A long error has its short form in the first line.
  const error = untold ? `: ${oneLine(untold.trim().split('\n', 1)[0] ?? '')}` : '';
  const line = `${text}${error}`;
  const painted = event.type === 'failed' ? paint.red(line) : event.type === 'completed' ? paint.green(line) : line;
  return `${paint.dim(clock(wireDatetimeToMs(event.timestamp) ?? Date.now()))} ${paint.cyan(step)} ${painted}`;
}

/** The time of day here, `12:00:01`. */
function clock(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}
