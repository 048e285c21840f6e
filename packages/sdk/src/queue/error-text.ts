/** Characters of an error that are kept. */
const ERROR_LIMIT = 4000;

/** Whatever was thrown: also what has no text, or fails when it is asked for it. */
function plainText(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that has no text';
  }
}

/** The error's text as it may be kept: bounded, without the password of any URL. */
export function textOf(error: unknown): string {
  return plainText(error)
    .replace(/(\w+:\/\/[^\s:@/]*:)[^\s@/]+@/g, '$1[redacted]@')
    .slice(0, ERROR_LIMIT);
}
