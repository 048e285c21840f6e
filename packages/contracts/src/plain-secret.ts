import { parseReference } from './reference.js';

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set(['github_token', 'secrets']);
const SECRET_KEY_LENGTHS = new Set([...SECRET_KEYS].map((key) => key.length));

/** Path of the first field that contains a secret instead of a reference. */
export function findPlainSecret(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Runs on every message at both ends: it allocates only the key names, and the path if it finds a secret.
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (isSecret(key, inner)) return [key];
    const found = findPlainSecret(inner);
    if (found) return [key, ...found];
  }
  return undefined;
}

/** A secret's field name in JSON text; a quote inside a string is preceded by a backslash. */
const SECRET_FIELD = /(?<!\\)"(?:github_token|secrets)"\s*:/gi;

/** Name of a secret that is in the JSON text but not in the parsed document: a duplicate key has replaced it. */
export function findReplacedSecret(text: string, document: unknown): readonly string[] | undefined {
  const named = text.match(SECRET_FIELD);
  if (!named) return undefined;
  const left = JSON.stringify(document).match(SECRET_FIELD)?.length ?? 0;
  return named.length > left ? [named[0].split('"')[1] as string] : undefined;
}

/** The error text for a plain-text secret. */
export function plainSecretError(path: string): string {
  return `${path} contains a plain-text secret: send a reference instead, such as vault:project/<id>`;
}

/** The same document with every plain-text secret redacted. */
export function withoutSecrets<T>(value: T): T;
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => withoutSecrets(inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecret(key, inner) ? REDACTED : withoutSecrets(inner)]),
  );
}

/** For fields that cannot be parsed: redacts everything after a secret's name. */
export function withoutSecretText(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, text]) => {
      if (SECRET_KEYS.has(key.toLowerCase())) return [key, REDACTED];
      // In a broken document the end of the secret is unknown.
      const at = text.search(/"?(github_token|secrets)"?\s*[:=]/i);
      return [key, at < 0 ? text : `${text.slice(0, at)}${REDACTED}`];
    }),
  );
}

/** Whether a secret was redacted at the end of this text. */
export function isRedacted(text: string): boolean {
  return text.endsWith(REDACTED);
}

function isSecret(key: string, value: unknown): boolean {
  return SECRET_KEY_LENGTHS.has(key.length) && SECRET_KEYS.has(key.toLowerCase()) && !isReference(value);
}

/** Whether a value is empty, a reference, or a list or map of these. */
function isReference(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (typeof value === 'string') return parseReference(value) !== undefined;
  return typeof value === 'object' && Object.values(value).every(isReference);
}
