import type { EntryFields } from '@codegen/contracts';

/** Fields of a producer; an entry of some thousands would not fit through the scripts that put it aside or back. */
export const MAX_FIELDS = 1000;

/** An entry of a stream as it was read. */
export interface StreamEntry {
  readonly stream: string;
  readonly id: string;
  readonly fields: EntryFields;
}

/** An entry that was taken over, with how often it was delivered in all. */
export interface ClaimedEntry extends StreamEntry {
  readonly deliveries: number;
}

/** Which stream is read by which consumer of which group. */
export interface GroupReader {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}

const FIELD = { enumerable: true, writable: true, configurable: true };

/** Pairs up the flat list of names and values that Redis answers with. A name that comes again is kept as `name#2`. */
export function fieldsOf(flat: readonly string[]): EntryFields {
  const fields: EntryFields = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    let free = name;
    for (let times = 2; Object.hasOwn(fields, free); times += 1) free = `${name}#${times}`;
    // Assigned to, it would be the prototype.
    if (free === '__proto__') Object.defineProperty(fields, free, { ...FIELD, value });
    else fields[free] = value;
  }
  return fields;
}

/** The flat list again. */
export function flatFields(fields: EntryFields): string[] {
  const flat: string[] = [];
  for (const name of Object.keys(fields)) flat.push(name, fields[name] as string);
  return flat;
}

/** Entries by the stream they came from. */
export function byStream<T extends { readonly stream: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.stream);
    if (group) group.push(entry);
    else groups.set(entry.stream, [entry]);
  }
  return groups;
}
