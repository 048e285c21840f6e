/**
 * Replaces the characters that PostgreSQL cannot store in text or jsonb: NUL and unpaired surrogates. All other
 * characters are stored as they are.
 */
const REPLACEMENT = '\ufffd';

/** The same text with each character that PostgreSQL cannot store replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', REPLACEMENT).replace(/\p{Surrogate}/gu, REPLACEMENT);
}

/** Applies `storableText` to all strings and field names of a document; returns the same object if nothing changes. */
export function storable<T>(value: T): T;
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => storable(item));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  // An instance of a class, such as Date, is left as it is.
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [storableText(name), storable(inner), name, inner]);
  if (fields.every(([name, inner, oldName, old]) => name === oldName && inner === old)) return value;
  return Object.fromEntries(fields.map(([name, inner]) => [name, inner]));
}
