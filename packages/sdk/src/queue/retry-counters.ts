import type { EntryFields } from '@codegen/contracts';

/** The counters that travel in an entry beside its message: delivery counts of Redis lie. */
export const ATTEMPT = 'attempt';
export const DEFERRALS = 'deferrals';

/** The entry as it was before its first try. */
export function withoutCounters({ [ATTEMPT]: _, [DEFERRALS]: __, ...fields }: EntryFields): EntryFields {
  return fields;
}
