/** Characters of an error that are kept. */
const ERROR_LIMIT = 4000;

/** The error's text as it may be kept: bounded, without the password of any URL. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/(\w+:\/\/[^\s:@/]*:)[^\s@/]+@/g, '$1[redacted]@').slice(0, ERROR_LIMIT);
}
