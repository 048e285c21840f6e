/** Levels of nesting that are read: far more than any message has, far fewer than the call stack takes. */
const MAX_LEVELS = 100;

/** What is said of a document that nests too deeply to be looked through. */
export const TOO_DEEP = `nested deeper than ${MAX_LEVELS} levels`;

/** Whether a value nests deeper than any message does. */
export function isTooDeep(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const key of Object.keys(value)) {
    if (isTooDeep((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}
