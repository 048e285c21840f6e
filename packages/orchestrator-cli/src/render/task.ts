import type { Task } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import { formatSeconds } from '../input/duration.js';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs } from '../kit/table.js';
import { manyLines, oneLine } from '../kit/text.js';
import { asCalled } from '../program.js';
import { ago, paintStatus } from './status.js';

/** A task with what came of it; `whole` adds its spec and every line of its error. */
export function renderTask(
  task: Task & { commit_sha?: string },
  screen: Screen,
  { whole = false }: { whole?: boolean } = {},
): string {
  const [error, ...more] = manyLines(task.error ?? '')
    .trim()
    .split('\n');
  const heading = `${screen.paint.bold(task.type)}  ${paintStatus(task.status, task.status, screen)}`;
  const pairs = renderPairs(
    [
      ['task', task.id],
      ['project', task.project_id],
      ['reason', task.reason ? oneLine(task.reason) : undefined],
      ['error', error || undefined],
      ...resultPairs(task),
      ['took', duration(task)],
      ['created', ago(task.created_at)],
    ],
    screen,
  );
  const block = (title: string, text: string) => `\n\n${screen.paint.dim(title)}\n${manyLines(text).trimEnd()}`;
  const output = whole && more.length > 0 ? `\n\n${screen.paint.dim('details')}\n${endOfError(task, screen)}` : '';
  const spec = whole && task.spec ? block('spec', task.spec) : '';
  return `${heading}\n${pairs}${output}${spec}`;
}

/** Lines of an error's end that are shown beside a task. */
const MOST_LINES = 40;

/** A test that passed, as node:test writes it in TAP: of a failed run nobody looks for those. */
const PASSED_TEST = /^( *)# Subtest: .*\n\1ok \d+ - .*\n(?:\1 {2}---\n(?:\1 {2}.*\n)*?\1 {2}\.\.\.\n)?/gm;

/** The end of a long error below its first line, which says it in short, and where the rest is; empty for a short one. */
export function endOfError({ id, error }: Pick<Task, 'id' | 'error'>, { paint }: Screen): string {
  const [, ...lines] = manyLines(error ?? '')
    .trim()
    .split('\n');
  const telling = lines.join('\n').replace(PASSED_TEST, '').split('\n');
  const shown = lines.length === 0 ? [] : telling.slice(-MOST_LINES).map((line) => `  ${line}`.trimEnd());
  const hidden = lines.length - shown.length;
  const rest = `  … ${hidden} more lines: ${asCalled(paste`orchestrator task logs ${id} --full`)}`;
  return [...(hidden > 0 ? [paint.dim(rest)] : []), ...shown].join('\n');
}

/** Tasks in a list. */
export function taskColumns(screen: Screen): Column<Task>[] {
  return [
    { title: 'TASK', value: (task) => task.id, whole: true },
    { title: 'TYPE', value: (task) => task.type },
    { title: 'STATUS', value: (task) => task.status, paint: (text, task) => paintStatus(text, task.status, screen) },
    { title: 'CREATED', value: (task) => ago(task.created_at) },
    { title: 'REASON', value: (task) => task.reason ?? '' },
  ];
}

function resultPairs({ result, commit_sha }: Task & { commit_sha?: string }): [string, string | undefined][] {
  const files = result?.files_changed;
  return [
    ['url', textOf(result?.deployed_url)],
    ['commit', textOf(result?.commit_sha ?? commit_sha)],
    ['files', Array.isArray(files) && files.length > 0 ? oneLine(files.join(', ')) : undefined],
  ];
}

function duration({ started_at, finished_at }: Task): string | undefined {
  if (!started_at || !finished_at) return undefined;
  return formatSeconds((Date.parse(finished_at) - Date.parse(started_at)) / 1000);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? oneLine(value) : undefined;
}
