import { paste } from '@codegen/sdk/errors';
import type { Screen } from './screen.js';
import { type Column, renderTable } from './table.js';
import { wrapText } from './wrap.js';

/** A page of items: a table of the usual columns or of the chosen fields, and how to get the rest. */
export function renderList<T extends object>(
  { items, next_cursor }: { items: readonly T[]; next_cursor: string | null },
  { columns, fields, empty }: { columns: Column<T>[]; fields: readonly string[] | undefined; empty: string },
  screen: Screen,
): string {
  if (items.length === 0) return screen.paint.dim(wrapText(empty, screen));
  const shown = fields ? fields.map((name) => fieldColumn<T>(name)) : columns;
  const more = next_cursor === null ? '' : `\n${screen.paint.dim(paste`More: --cursor ${next_cursor}`)}`;
  return renderTable(items, shown, screen) + more;
}

function fieldColumn<T extends object>(name: string): Column<T> {
  return {
    title: name.toUpperCase(),
    value: (item) => {
      const value = (item as Record<string, unknown>)[name];
      if (value === null || value === undefined) return '';
      return typeof value === 'string' ? value : JSON.stringify(value);
    },
    whole: /(?:^|_)(?:id|name|url|sha)$/.test(name),
  };
}
