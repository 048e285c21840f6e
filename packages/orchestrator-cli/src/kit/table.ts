import type { Screen } from './screen.js';
import { cut, oneLine, pad, widthOf } from './text.js';
import { wrapText } from './wrap.js';

/** A column of a table: its title and what to show of a row. */
export interface Column<T> {
  title: string;
  value(row: T): string;
  /** Never shortened, such as ids, which people paste. */
  whole?: boolean;
  paint?(text: string, row: T): string;
}

const GAP = '  ';
const NARROWEST = 6;
/** What a column gets where a row takes several lines, and there is room for more. */
const COMFORTABLE = 16;

/**
 * Rows under headings, fitted to the screen: the widest columns that may be shortened give way first. Where that is not
 * enough a row takes several lines: what is never shortened first, the rest below it.
 */
export function renderTable<T>(rows: readonly T[], columns: readonly Column<T>[], screen: Screen): string {
  const last = columns.length - 1;
  const cells = rows.map((row) =>
    columns.map(({ value, whole }) => cut(oneLine(value(row)), whole ? Number.POSITIVE_INFINITY : screen.columns)),
  );
  const widths = columns.map((column, at) => {
    // Nothing stands behind the last one, and where nothing is cut it may be megabytes long.
    if (at === last && screen.columns === Number.POSITIVE_INFINITY) return screen.columns;
    return cells.reduce((width, line) => Math.max(width, widthOf(line[at] ?? '')), widthOf(column.title));
  });
  const lines = layOut(widths, columns, screen.columns);
  for (const [index, line] of lines.entries()) shrink(widths, columns, line, screen.columns - indentOf(index));
  const show = (text: (at: number) => string, paint: (text: string, at: number) => string) =>
    lines.map((line, index) => {
      const shown = line.map((at) => {
        const fitted = cut(text(at), columns[at]?.whole ? Number.POSITIVE_INFINITY : (widths[at] ?? 0));
        return paint(at === line.at(-1) ? fitted : pad(fitted, widths[at] ?? 0), at);
      });
      return ' '.repeat(indentOf(index)) + shown.join(GAP).trimEnd();
    });
  const heading = show(
    (at) => columns[at]?.title ?? '',
    (text) => text,
  );
  const body = cells.flatMap((line, row) =>
    show(
      (at) => line[at] ?? '',
      (text, at) => columns[at]?.paint?.(text, rows[row] as T) ?? text,
    ),
  );
  return [...heading.map((line) => screen.paint.bold(line)), ...body].join('\n');
}

function indentOf(line: number): number {
  return line === 0 ? 0 : GAP.length;
}

/** Which columns stand on which line of a row. */
function layOut<T>(widths: readonly number[], columns: readonly Column<T>[], space: number): number[][] {
  const all = columns.map((_, at) => at);
  const least = (at: number, width: number) =>
    columns[at]?.whole ? (widths[at] as number) : Math.min(width, widths[at] as number);
  const taken = (line: readonly number[], width: number) =>
    line.reduce((sum, at) => sum + GAP.length + least(at, width), -GAP.length);
  if (taken(all, NARROWEST) <= space) return [all];
  const lines: number[][] = [];
  for (const part of [all.filter((at) => columns[at]?.whole), all.filter((at) => !columns[at]?.whole)]) {
    let line: number[] = [];
    for (const at of part) {
      if (line.length > 0 && indentOf(lines.length) + taken([...line, at], COMFORTABLE) > space) {
        lines.push(line);
        line = [];
      }
      line.push(at);
    }
    if (line.length > 0) lines.push(line);
  }
  return lines;
}

function shrink<T>(widths: number[], columns: readonly Column<T>[], line: readonly number[], available: number): void {
  const space = available - GAP.length * (line.length - 1);
  for (;;) {
    const total = line.reduce((sum, at) => sum + (widths[at] as number), 0);
    if (total <= space) return;
    let widest = -1;
    for (const at of line) {
      const width = widths[at] as number;
      if (!columns[at]?.whole && width > NARROWEST && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

/** Names and values, one pair a line, values aligned and wrapped between words. Empty values are left out. */
export function renderPairs(pairs: readonly (readonly [string, string | undefined])[], screen: Screen): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  const indent = width + 4;
  return shown
    .map(([name, value]) => {
      const text = value.replaceAll('\n', ' ');
      const fits = indent + widthOf(text) <= screen.columns;
      return `  ${screen.paint.dim(pad(name, width))}  ${fits ? text : wrapText(text, screen, indent)}`;
    })
    .join('\n');
}
