/** Levels of nesting that are read: far more than any message has, far fewer than the call stack takes. */
const MAX_LEVELS = 100;

/** What is said of a document that nests too deeply to be looked through. */
export const TOO_DEEP = `nested deeper than ${MAX_LEVELS} levels`;

/** Whether a value nests deeper than any message does. */
export function isTooDeep(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}
