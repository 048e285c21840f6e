/** A word for a POSIX shell, in single quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : shellQuote(text);
}

/** A word for a POSIX shell in single quotes, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
