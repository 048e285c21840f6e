/** Far more levels than any message has, and far fewer than the call stack allows. */
const MAX_LEVELS = 100;

/** The error text for a document that nests too deeply. */
export const TOO_DEEP = `nested deeper than ${MAX_LEVELS} levels`;

/** Whether a value nests deeper than the limit. */
export function isTooDeep(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const key of Object.keys(value)) {
    if (isTooDeep((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}
