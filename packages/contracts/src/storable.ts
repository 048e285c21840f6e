/**
 * What PostgreSQL holds in no text and no jsonb: a NUL character, and half of a surrogate pair, which is no Unicode.
 * Whatever else a text may hold, such as U+FFFE or colours, is stored as it is.
 */
const MENDED = '\ufffd';

/** The same text with each character that no database can hold replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', MENDED).replace(/\p{Surrogate}/gu, MENDED);
}

/** The same document with every text and every name of a field mended; itself, where there is nothing to mend. */
export function storable<T>(value: T): T;
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => storable(item));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  // A class of its own, such as a date, is no document.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [storableText(name), storable(inner), name, inner]);
  if (fields.every(([name, inner, oldName, old]) => name === oldName && inner === old)) return value;
  return Object.fromEntries(fields.map(([name, inner]) => [name, inner]));
}
