import type { Screen } from './screen.js';
import { cut, oneLine, pad, widthOf } from './text.js';

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

/** Rows under headings, fitted to the screen: the widest columns that may be shortened give way first. */
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
  shrink(widths, columns, screen.columns - GAP.length * last);
  const fit = (text: string, at: number) => {
    const shown = cut(text, widths[at] ?? 0);
    return at === last ? shown : pad(shown, widths[at] ?? 0);
  };
  const heading = columns.map(({ title }, at) => fit(title, at)).join(GAP);
  const lines = cells.map((line, index) =>
    line
      .map((cell, at) => {
        const text = fit(cell, at);
        const paint = columns[at]?.paint;
        return paint ? paint(text, rows[index] as T) : text;
      })
      .join(GAP)
      .trimEnd(),
  );
  return [screen.paint.bold(heading.trimEnd()), ...lines].join('\n');
}

function shrink<T>(widths: number[], columns: readonly Column<T>[], space: number): void {
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, 0);
    if (total <= space) return;
    let widest = -1;
    for (const [at, width] of widths.entries()) {
      if (!columns[at]?.whole && width > NARROWEST && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

/** Names and values, one pair a line, values aligned. Empty values are left out. */
export function renderPairs(pairs: readonly (readonly [string, string | undefined])[], screen: Screen): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `  ${screen.paint.dim(pad(name, width))}  ${value.replaceAll('\n', ' ')}`)
    .join('\n');
}
