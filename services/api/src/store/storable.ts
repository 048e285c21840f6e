/**
 * A document as the database can hold it: PostgreSQL takes no NUL character and no half surrogate pair. What agents
 * and their tools print may hold both, and a result must not get lost over it, so each becomes U+FFFD.
 */
export function storable<T>(value: T): T {
  if (typeof value === 'string') return (value as string).toWellFormed().replaceAll('\u0000', '\uFFFD') as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)])) as T;
}

/** JSON for a json column; null stays the SQL null. */
export function json(value: unknown): string {
  return JSON.stringify(storable(value));
}

/** As `json`, where null and undefined become the SQL null. */
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : json(value);
}
