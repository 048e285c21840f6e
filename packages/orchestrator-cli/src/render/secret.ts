import type { Secret } from '@codegen/contracts';
import type { Screen } from '../kit/screen.js';
import type { Column } from '../kit/table.js';
import { ago } from './status.js';

/** A secret that is set, or one that is required and not set. */
export type ListedSecret = { state: 'set' | 'missing' } & {
  [Field in keyof Secret]: Field extends 'name' ? string : Secret[Field] | null;
};

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
