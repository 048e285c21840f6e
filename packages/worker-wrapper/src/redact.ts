const REDACTED = '[redacted]';

/** Values shorter than this are no secrets worth the name, and would blot out ordinary words. */
const MIN_LENGTH = 6;

/** Makes a function that replaces these values wherever they occur in a text. */
export function redactor(values: readonly string[]): (text: string) => string {
  // Agents also print them line by line, or inside of JSON.
  const parts = values.flatMap((value) => [
    value,
    ...value.split('\n').map((line) => line.trim()),
    JSON.stringify(value).slice(1, -1),
  ]);
  const secrets = [...new Set(parts)].filter((part) => part.length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, REDACTED), text);
}
