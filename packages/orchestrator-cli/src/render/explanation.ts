import type { ExplainEntry, Explanation } from '@codegen/sdk';
import { formatSeconds } from '../input/duration.js';
import type { Screen } from '../kit/screen.js';
import { cut, oneLine, pad, widthOf } from '../kit/text.js';
import { paintStatus } from './status.js';

/** Columns of the time of day, and of what kind of thing happened. */
const CLOCK = 8;
const KIND = 10;
/** Shorter spells between cause and effect go without saying. */
const WORTH_TELLING_MS = 500;
/** What ends something that took a while. */
const SPELLS = new Set<ExplainEntry['kind']>(['claim', 'result', 'worker']);
const LINES_OF_AN_ERROR = 3;

/** A task's story, an entry a line, set in below its cause; how it stands at the end. */
export function renderExplanation({ task, entries, sources, unread, verdict }: Explanation, screen: Screen): string {
  const { paint } = screen;
  const depths = depthsOf(entries);
  const heading = `${paint.bold(task.type)}  ${paintStatus(task.status, task.status, screen)}  ${paint.dim(task.id)}`;
  const lines = entries.flatMap((entry) => entryLines(entry, depths.get(entry.id) ?? 0, screen));
  const notes = unread.map((source) => paint.dim(`${source}: ${oneLine(sources[source])}`));
  const why = paintStatus(`${sentence(oneLine(verdict.why))}`, verdict.state, screen);
  // The last line is to be pasted as it stands, so nothing follows the command.
  const next = `${paint.bold('Next:')} ${verdict.next.command}`;
  return [heading, '', ...lines, '', ...notes, why, next].join('\n');
}

/** A chain of steps stays at one depth: only what hangs on a step is set in. */
function depthsOf(entries: readonly ExplainEntry[]): Map<string, number> {
  const below = new Set<ExplainEntry['kind']>([
    'progress',
    'worker',
    'commit',
    'deployment',
    'queue',
    'result',
    'main',
  ]);
  return new Map(entries.map((entry) => [entry.id, entry.kind === 'created' ? 0 : below.has(entry.kind) ? 2 : 1]));
}

function entryLines(entry: ExplainEntry, depth: number, { columns, paint }: Screen): string[] {
  const clock = pad(entry.at === null ? '' : new Date(entry.at).toTimeString().slice(0, CLOCK), CLOCK);
  const mark = `${depth === 2 ? '│ ' : ''}${entry.failed ? '✖' : (['●', '├', '└'][depth] ?? '')}`;
  const label = depth === 2 && entry.source === 'event' ? '' : pad(`${labelOf(entry)} `, KIND);
  const left = `${mark} ${label}`;
  const afterMs = SPELLS.has(entry.kind) ? (entry.after_ms ?? 0) : 0;
  const tail = afterMs >= WORTH_TELLING_MS ? ` ${formatSpell(afterMs)}` : '';
  const room = Math.max(10, columns - CLOCK - 1 - widthOf(left) - widthOf(tail));
  const summary = cut(oneLine(entry.summary), room);
  const said = entry.failed ? paint.red(summary) : entry.kind === 'end' ? paint.bold(summary) : summary;
  const shownLeft = entry.failed ? paint.red(left) : depth === 2 ? paint.dim(left) : paint.cyan(left);
  const line = `${paint.dim(clock)} ${shownLeft}${said}${paint.dim(tail)}`;
  return [line, ...errorLines(entry, columns).map((text) => paint.red(text))];
}

function labelOf({ kind, details }: ExplainEntry): string {
  return kind === 'step' && typeof details.step === 'string' ? oneLine(details.step) : kind;
}

/** The first lines of an error's own text, below the line that says that there is one. */
function errorLines({ failed, kind, details }: ExplainEntry, columns: number): string[] {
  // The end repeats what the step that failed has said; without a message the error is the summary, as it is of a queue's.
  if (!failed || kind === 'end' || kind === 'queue' || details.message === null) return [];
  // The message of failing tests names them; what follows is their output.
  if (details.step === 'test' && details.error_type === 'tests_failed') return [];
  if (typeof details.error !== 'string') return [];
  const lines = details.error
    .split('\n')
    .map(oneLine)
    .filter((line) => line !== '');
  const indent = ' '.repeat(CLOCK + 5);
  return lines.slice(0, LINES_OF_AN_ERROR).map((line) => cut(`${indent}${line}`, columns));
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function formatSpell(ms: number): string {
  return ms < 10_000 ? `+${(ms / 1000).toFixed(1)}s` : `+${formatSeconds(ms / 1000)}`;
}
