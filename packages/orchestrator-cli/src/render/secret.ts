import type { ListedSecret } from '../commands/secret/list.js';
import type { Screen } from './screen.js';
import { ago } from './status.js';
import type { Column } from './table.js';

/** Secrets in a list. */
export function secretColumns({ paint }: Screen): Column<ListedSecret>[] {
  return [
    { title: 'SECRET', value: ({ name }) => name, whole: true },
    {
      title: 'STATE',
      value: ({ state }) => state,
      paint: (text, { state }) => (state === 'set' ? paint.green(text) : paint.red(text)),
    },
    { title: 'UPDATED', value: ({ updated_at }) => (updated_at === null ? '' : ago(updated_at)) },
  ];
}
