import type {
  DeadLetterItem,
  LetterPurge,
  LetterReplay,
  PublishedMessage,
  QueueEntry,
  QueueFigures,
  QueuePeek,
  QueueSummary,
} from '@codegen/sdk';
import { formatSeconds } from '../input/duration.js';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs, renderTable } from '../kit/table.js';
import { cut, oneLine } from '../kit/text.js';
import { ago } from './status.js';

/** Every queue with what waits in it, and where to look next. */
export function renderQueues(items: readonly QueueSummary[], screen: Screen): string {
  const number = (pick: (queue: QueueSummary) => number) => (queue: QueueSummary) =>
    queue.kind === 'work' ? String(pick(queue)) : '';
  const columns: Column<QueueSummary>[] = [
    { title: 'QUEUE', value: ({ queue }) => queue, whole: true },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'GROUP', value: ({ group }) => group ?? '' },
    { title: 'WAITING', value: number(({ waiting }) => waiting) },
    { title: 'IN WORK', value: number(({ pending }) => pending) },
    {
      title: 'DEAD',
      value: number(({ dead_letters }) => dead_letters),
      paint: alarm(({ dead_letters }) => dead_letters),
    },
  ];
  const dead = items.find(({ dead_letters, streams }) => dead_letters > 0 && streams === 1);
  const hint = dead ? `queue dlq list ${dead.queue}` : 'queue stats QUEUE';
  const next = `${screen.paint.bold('Next:')} orchestrator ${hint}`;
  return [renderTable(items, columns, screen), ...unreadable(items, screen), next].join('\n\n');

  function alarm(pick: (queue: QueueSummary) => number) {
    return (text: string, queue: QueueSummary) => (pick(queue) > 0 ? screen.paint.red(text) : text);
  }
}

/** How full one queue is, or many. */
export function renderFigures(items: readonly QueueFigures[], screen: Screen): string {
  const [only] = items;
  if (items.length === 1 && only) return renderOne(only, screen);
  const work = items.filter(({ kind }) => kind === 'work');
  const logs = foldWorkers(items.filter(({ kind }) => kind === 'log'));
  // Of what cannot be read nothing is known: a 0 would say that all is well.
  const known = (value: (figures: QueueFigures) => string) => (figures: QueueFigures) =>
    figures.error === undefined ? value(figures) : '?';
  const columns: Column<QueueFigures>[] = [
    { title: 'WORK QUEUE', value: ({ stream }) => stream, whole: true },
    { title: 'WAITING', value: known(({ waiting }) => String(waiting)) },
    { title: 'OLDEST', value: known(({ oldest_waiting_ms }) => age(oldest_waiting_ms)) },
    { title: 'IN WORK', value: known(({ pending }) => String(pending)) },
    { title: 'DELAYED', value: known(({ delayed }) => String(delayed)) },
    {
      title: 'DEAD',
      value: known(({ dead_letters }) => String(dead_letters)),
      paint: (text, { dead_letters }) => (dead_letters > 0 ? screen.paint.red(text) : text),
    },
    { title: 'CONSUMERS', value: known(({ consumers }) => String(consumers)) },
  ];
  const logColumns: Column<QueueFigures>[] = [
    { title: 'LOG', value: ({ stream }) => stream, whole: true },
    { title: 'ENTRIES', value: known(({ length }) => String(length)) },
  ];
  const tables = [work.length > 0 ? renderTable(work, columns, screen) : ''];
  if (logs.length > 0) tables.push(renderTable(logs, logColumns, screen));
  return [...tables.filter((table) => table !== ''), ...unreadable(items, screen)].join('\n\n');
}

/** Logs with those of workers, of which there may be hundreds, as one. */
function foldWorkers(logs: readonly QueueFigures[]): QueueFigures[] {
  const ofWorkers = logs.filter(({ stream, error }) => /^worker:.*:log$/.test(stream) && error === undefined);
  const [first] = ofWorkers;
  if (!first || ofWorkers.length === 1) return [...logs];
  const length = ofWorkers.reduce((sum, one) => sum + one.length, 0);
  const rest = logs.filter((one) => !ofWorkers.includes(one));
  return [...rest, { ...first, stream: `worker:*:log (${ofWorkers.length} of them)`, length }];
}

/** What could not be read, and why. */
function unreadable(items: readonly { error?: string }[], { paint }: Screen): string[] {
  const errors = items.flatMap(({ error }) => (error === undefined ? [] : [paint.red(oneLine(error))]));
  return errors.length > 0 ? [errors.join('\n')] : [];
}

function renderOne(figures: QueueFigures, screen: Screen): string {
  const { stream, kind, group, dead_letters } = figures;
  const { paint } = screen;
  const heading = `${paint.bold(oneLine(stream))}  ${paint.dim(kind)}`;
  if (kind === 'log') return `${heading}\n${renderPairs([['entries', String(figures.length)]], screen)}`;
  const since = (ms: number | null) => (ms === null ? '' : paint.dim(`  oldest ${age(ms)}`));
  const pairs = renderPairs(
    [
      ['group', group ?? undefined],
      ['consumers', String(figures.consumers)],
      ['entries', String(figures.length)],
      ['waiting', String(figures.waiting) + since(figures.oldest_waiting_ms)],
      ['in work', String(figures.pending) + since(figures.oldest_pending_ms)],
      ['delayed', String(figures.delayed)],
      ['dead', dead_letters > 0 ? paint.red(String(dead_letters)) : '0'],
    ],
    screen,
  );
  const next = dead_letters > 0 ? `\n\n${paint.bold('Next:')} orchestrator queue dlq list ${stream}` : '';
  return `${heading}\n${pairs}${next}`;
}

/** Messages in full, one block each. */
export function renderPeek({ stream, shows, entries }: QueuePeek, screen: Screen): string {
  if (entries.length === 0) {
    return screen.paint.dim(shows === 'waiting' ? `Nothing waits in ${stream}.` : `${stream} is empty.`);
  }
  return entries.map((entry) => renderEntry(entry, screen)).join('\n\n');
}

function renderEntry({ seq, added_at, message, error, fields }: QueueEntry, screen: Screen): string {
  const { paint } = screen;
  const heading = `${paint.bold(seq)}  ${paint.dim(ago(added_at))}`;
  const wrong = error ? `\n  ${paint.red(oneLine(`${error.code}: ${error.message}`))}` : '';
  return `${heading}${wrong}\n${renderFields(message ?? fields ?? {}, screen)}`;
}

function renderFields(document: Record<string, unknown>, screen: Screen): string {
  const names = Object.keys(document);
  const widest = Math.max(0, ...names.map((name) => oneLine(name).length));
  const room = Math.max(20, screen.columns - widest - 4);
  const pairs = Object.entries(document).map(
    ([name, value]) => [oneLine(name), cut(oneLine(spelled(value)), room)] as const,
  );
  return renderPairs(pairs, screen);
}

/** A message on one line, as it comes. */
export function entryLine({ seq, added_at, message, error, fields }: QueueEntry, screen: Screen): string {
  const { paint } = screen;
  const told = Object.entries(message ?? fields ?? {})
    .filter(
      ([name, value]) => value !== null && value !== '' && !['version', 'timestamp', 'correlation_id'].includes(name),
    )
    .map(([name, value]) => `${name}=${spelled(value)}`);
  const wrong = error ? `${error.code}: ${error.message} ` : '';
  const time = added_at.slice(11, 19);
  const room = screen.columns - time.length - seq.length - 4;
  const text = cut(oneLine(wrong + told.join(' ')), Math.max(20, room));
  return `${paint.dim(time)}  ${paint.bold(seq)}  ${error ? paint.red(text) : text}`;
}

/** What became of a message that was published. */
export function renderPublished({ stream, entry_id, message, dry_run }: PublishedMessage, screen: Screen): string {
  const { paint } = screen;
  const heading = dry_run ? `${paint.yellow('fits')}  ${stream}` : `${paint.green('published')}  ${stream}`;
  const id = entry_id === null ? '' : `  ${paint.dim(entry_id)}`;
  return `${heading}${id}\n${renderFields(message, screen)}`;
}

/** Dead letters in a list. */
export function letterColumns({ paint }: Screen): Column<DeadLetterItem>[] {
  return [
    { title: 'ID', value: ({ id }) => id, whole: true },
    { title: 'CODE', value: ({ code }) => code ?? '', paint: (text) => paint.red(text) },
    { title: 'TRIES', value: ({ attempts }) => (attempts === null ? '' : String(attempts)) },
    { title: 'GIVEN UP', value: ({ added_at }) => ago(added_at) },
    { title: 'ERROR', value: ({ error, refusal }) => error ?? refusal ?? '' },
  ];
}

/** What went back, and what did not. */
export function renderReplay({ stream, dry_run, replayed, refused }: LetterReplay, { paint }: Screen): string {
  const verb = dry_run ? 'would go back' : 'went back';
  const count = `${replayed.length} dead letter${replayed.length === 1 ? '' : 's'} ${verb} into ${stream}`;
  const stays = refused.map(({ id, reason }) => `  ${paint.red('stays')}  ${id}  ${oneLine(reason)}`);
  return [dry_run ? paint.yellow(count) : paint.green(count), ...stays].join('\n');
}

/** How many dead letters are gone. */
export function renderPurge({ stream, dry_run, purged }: LetterPurge, { paint }: Screen): string {
  if (purged === 0) return paint.dim(`No such dead letters in ${stream}.`);
  const letters = `${purged} dead letter${purged === 1 ? '' : 's'} of ${stream}`;
  return dry_run ? paint.yellow(`Would remove ${letters}.`) : paint.green(`Removed ${letters}.`);
}

function spelled(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function age(ms: number | null): string {
  return ms === null ? '' : formatSeconds(ms / 1000);
}
