import { parseReference } from './reference.js';

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set(['github_token', 'secrets']);
const SECRET_KEY_LENGTHS = new Set([...SECRET_KEYS].map((key) => key.length));

/** Path of the first field that holds a secret rather than a reference to one. */
export function findPlainSecret(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Every message passes here on both ends: nothing is allocated but the names, and the path only where it is told.
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (isSecret(key, inner)) return [key];
    const found = findPlainSecret(inner);
    if (found) return [key, ...found];
  }
  return undefined;
}

/** A secret's name in JSON text, where it names a field: a quote inside a string has a backslash before it. */
const SECRET_FIELD = /(?<!\\)"(?:github_token|secrets)"\s*:/gi;

/** Name of a secret that a text holds and its document does not, since a later field of the same name replaced it. */
export function findReplacedSecret(text: string, document: unknown): readonly string[] | undefined {
  const named = text.match(SECRET_FIELD);
  if (!named) return undefined;
  const left = JSON.stringify(document).match(SECRET_FIELD)?.length ?? 0;
  return named.length > left ? [named[0].split('"')[1] as string] : undefined;
}

/** What is said of a plain secret: where it is, and what to send instead. */
export function plainSecretError(path: string): string {
  return `${path} holds a secret in plain: send a reference such as vault:project/<id>`;
}

/** The same document with every plain secret replaced. */
export function withoutSecrets<T>(value: T): T;
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => withoutSecrets(inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecret(key, inner) ? REDACTED : withoutSecrets(inner)]),
  );
}

/** For fields too broken to parse: hides the value after a secret's name as far as it can be told. */
export function withoutSecretText(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, text]) => {
      if (SECRET_KEYS.has(key.toLowerCase())) return [key, REDACTED];
      // Where a broken document names a secret, nothing after that name can be trusted to be harmless.
      const at = text.search(/"?(github_token|secrets)"?\s*[:=]/i);
      return [key, at < 0 ? text : `${text.slice(0, at)}${REDACTED}`];
    }),
  );
}

/** Whether a secret was taken out of this text, or of its end. */
export function isRedacted(text: string): boolean {
  return text.endsWith(REDACTED);
}

function isSecret(key: string, value: unknown): boolean {
  return SECRET_KEY_LENGTHS.has(key.length) && SECRET_KEYS.has(key.toLowerCase()) && !isHarmless(value);
}

/** Nothing at all, a reference, or a list or map of such. */
function isHarmless(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (typeof value === 'string') return parseReference(value) !== undefined;
  return typeof value === 'object' && Object.values(value).every(isHarmless);
}
