import { type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import { manyLines } from '../kit/text.js';
import { eventLine } from '../progress/plain-progress.js';

/** Where an event's text begins: after `12:00:01 develop  `. */
const INDENT = ' '.repeat(18);

/** Lines of an event's text that are shown unless all are wanted. */
const MOST_LINES = 40;

/** An event with what it says, over as many lines as that takes; of very many the first and the last, unless `full`. */
export function logEntry(event: TaskEvent, screen: Screen, full = false): string {
  const { message, error } = event;
  // The message of failing tests has the first line of their error.
  const isBegun = event.current_step === 'test' && event.error_type === 'tests_failed' && message !== null;
  const below =
    error
      ?.trimStart()
      .split('\n')
      .slice(isBegun ? 1 : 0) ?? [];
  const text = [...(message === null ? [] : [message]), ...below].join('\n');
  const [first = '', ...all] = manyLines(text).trimEnd().split('\n');
  const hidden = full ? 0 : Math.max(0, all.length - MOST_LINES);
  const rest = hidden > 0 ? [`… ${hidden} more lines: --full`, ...all.slice(hidden)] : all;
  const head = eventLine({ ...event, message: first || null, error: null }, screen);
  return [head, ...rest.map((line) => `${INDENT}${line}`.trimEnd())].join('\n');
}

/** A task's history. A day that is not today is named before its first event. */
export function renderLog(
  events: readonly TaskEvent[],
  screen: Screen,
  { full = false, nowMs = Date.now() }: { full?: boolean | undefined; nowMs?: number } = {},
): string {
  let day = new Date(nowMs).toDateString();
  const lines = [];
  for (const event of events) {
    const date = new Date(wireDatetimeToMs(event.timestamp) ?? nowMs);
    if (date.toDateString() !== day) lines.push(screen.paint.dim(isoDay(date)));
    day = date.toDateString();
    lines.push(logEntry(event, screen, full));
  }
  return lines.join('\n');
}

/** The day here, as 2030-01-31. */
function isoDay(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
