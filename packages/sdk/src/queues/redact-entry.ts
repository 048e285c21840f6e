import { type EntryFields, parseJson, parseReference } from '@codegen/contracts';
import { REDACTED, withoutPatterns } from '../text/secret-patterns.js';

const SECRET_NAME = /(?:token|password|passwd|secret|api_?key|credential)s?$/i;
const NAMED = /("[^"]*(?:token|password|passwd|secret|api_?key|credential)s?\\*"\s*:\s*\\*")[^"\\]+/gi;

/** A message as it may be shown: what its name or its form tells to be a secret is replaced, references stay. */
export function redactMessage(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    const isSecret = SECRET_NAME.test(name) && value !== '' && parseReference(value) === undefined;
    return isSecret ? REDACTED : redactText(value);
  }
  if (Array.isArray(value)) return value.map((inner) => redactMessage(inner, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactMessage(inner, key)]));
}

/** The same for the fields of an entry that is no message; JSON in them is looked through. */
export function redactFields(fields: EntryFields): EntryFields {
  const clean = (name: string, text: string): string => {
    const parsed = parseJson(text);
    if (parsed.ok && typeof parsed.value === 'object') return JSON.stringify(redactMessage(parsed.value));
    return redactMessage(text, name) as string;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, clean(name, text)]));
}

function redactText(text: string): string {
  return withoutPatterns(text).replace(NAMED, `$1${REDACTED}`);
}
