import { type TaskEvent, wireDatetimeToMs } from '@codegen/contracts';
import { eventLine } from '../progress/plain-progress.js';
import type { Screen } from './screen.js';
import { manyLines } from './text.js';

/** Where an event's text begins: after `12:00:01 develop  `. */
const INDENT = ' '.repeat(18);

/** An event with all that it says, over as many lines as that takes. */
export function logEntry(event: TaskEvent, screen: Screen): string {
  const said = event.message === event.error ? [event.message] : [event.message, event.error];
  const text = said.filter((part) => part !== null).join(': ');
  const [first = '', ...rest] = manyLines(text).trimEnd().split('\n');
  const head = eventLine({ ...event, message: first || null, error: null }, screen);
  return [head, ...rest.map((line) => `${INDENT}${line}`.trimEnd())].join('\n');
}

/** A task's history. A day that is not today is named before its first event. */
export function renderLog(events: readonly TaskEvent[], screen: Screen, nowMs = Date.now()): string {
  let day = new Date(nowMs).toDateString();
  const lines = [];
  for (const event of events) {
    const date = new Date(wireDatetimeToMs(event.timestamp) ?? nowMs);
    if (date.toDateString() !== day) lines.push(screen.paint.dim(isoDay(date)));
    day = date.toDateString();
    lines.push(logEntry(event, screen));
  }
  return lines.join('\n');
}

/** The day here, as 2030-01-31. */
function isoDay(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
