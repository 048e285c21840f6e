import { storable } from '@codegen/contracts/storable';

/** JSON for a json column; null stays the SQL null. */
export function json(value: unknown): string {
  return JSON.stringify(storable(value));
}

/** As `json`, where null and undefined become the SQL null. */
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : json(value);
}
