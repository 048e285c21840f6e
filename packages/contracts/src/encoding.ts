import type { z } from 'zod';
import { WIRE_VERSION } from './base.js';
import type { MessageInput, MessageOf, QueueContract } from './define-queue.js';
import { fromFlatFields, propertiesOf } from './flat-fields.js';
import { findPlainSecret, withoutSecrets, withoutSecretText } from './plain-secret.js';

/** The fields of a stream entry. */
export type EntryFields = Record<string, string>;

/** Why an entry cannot be handled; it goes to the dead-letter stream under this code. */
export type DecodeErrorCode = 'invalid_json' | 'invalid_message' | 'unsupported_version' | 'plain_secret';

export type Decoded<T> =
  | { ok: true; message: T; legacy: boolean; raw: EntryFields }
  | {
      ok: false;
      code: DecodeErrorCode;
      error: string;
      path: string;
      correlationId?: string;
      requestId?: string;
      /** The entry as it may be kept: secrets are replaced. */
      raw: EntryFields;
    };

/** Levels of nesting that are read: far more than any message has, far fewer than the call stack takes. */
const MAX_LEVELS = 100;
/** Wrong fields that an error names, and its length. */
const MAX_ISSUES = 10;
const MAX_ERROR_LENGTH = 2000;

/**
 * Makes the one-field entry for a message: `data` holds the JSON document, with every default written out. Half a
 * surrogate pair, as a text that was cut may hold, becomes U+FFFD: it is no Unicode, and Python peers refuse it.
 * @throws {z.ZodError} where the message does not fit its contract
 */
export function encodeEntry<C extends QueueContract>(
  contract: C,
  message: MessageInput<C>,
): { fields: { data: string }; message: MessageOf<C> } {
  const parsed = contract.message.parse(message) as MessageOf<C>;
  const secret = findPlainSecret(parsed);
  if (secret) throw new TypeError(`${contract.model}.${secret.join('.')} holds a secret in plain: send a reference`);
  const data = JSON.stringify(parsed);
  // JSON.stringify escapes lone surrogates and nothing else this way, but for a text that looks the same.
  if (!data.includes('\\ud')) return { fields: { data }, message: parsed };
  const mended = JSON.stringify(parsed, (_, value) => (typeof value === 'string' ? wellFormed(value) : value));
  return { fields: { data: mended }, message: JSON.parse(mended) as MessageOf<C> };
}

/** Reads an entry in any form that a peer writes: wrapped in `data`, before versions, or flat fields. Never throws. */
export function decodeEntry<C extends QueueContract>(contract: C, raw: EntryFields): Decoded<MessageOf<C>> {
  const properties = propertiesOf(contract.message, raw);
  const flat = typeof raw.data !== 'string' || 'data' in properties;
  let document: unknown;
  try {
    document = flat ? fromFlatFields(contract.message, raw) : JSON.parse(raw.data as string);
  } catch (error) {
    return refused('invalid_json', `data is not JSON: ${reasonOf(error)}`, withoutSecretText(raw));
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return refused('invalid_message', 'not a JSON object', withoutSecretText(raw));
  }
  const record = document as Record<string, unknown>;
  const ids = {
    ...(typeof record.correlation_id === 'string' && { correlationId: record.correlation_id }),
    ...(typeof record.request_id === 'string' && { requestId: record.request_id }),
  };
  if (isDeeperThan(MAX_LEVELS, record)) {
    const error = `nested deeper than ${MAX_LEVELS} levels`;
    return { ...refused('invalid_message', error, withoutSecretText(raw)), ...ids };
  }
  // Beside `data` too: whatever the entry holds would go to the dead letters with it.
  const secret = findPlainSecret(record) ?? (flat ? undefined : findPlainSecret(raw));
  if (secret) {
    const path = secret.join('.');
    const error = `${path} holds a secret in plain: send a reference such as vault:project/<id>`;
    return { ...refused('plain_secret', error, redacted(raw, record, flat), path), ...ids };
  }
  const version = record.version;
  if ((typeof version === 'string' || typeof version === 'number') && version !== WIRE_VERSION) {
    const error = `version ${JSON.stringify(version)} is not supported; this reader knows "${WIRE_VERSION}"`;
    return { ...refused('unsupported_version', error, raw, 'version'), ...ids };
  }
  const legacyNames = 'agent_id' in record && !('worker_id' in record);
  const named = legacyNames ? { ...record, worker_id: record.agent_id } : record;
  const parsed = contract.message.safeParse(named);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    return { ...refused('invalid_message', issuesText(parsed.error), raw, path), ...ids };
  }
  const versioned = version !== undefined || !('version' in properties);
  return { ok: true, message: parsed.data as MessageOf<C>, legacy: flat || legacyNames || !versioned, raw };
}

function refused(code: DecodeErrorCode, error: string, raw: EntryFields, path = '') {
  const brief = (text: string) => wellFormed(text.slice(0, MAX_ERROR_LENGTH));
  return { ok: false as const, code, error: brief(error), path: brief(path), raw };
}

function issuesText({ issues }: z.ZodError): string {
  const first = issues.slice(0, MAX_ISSUES).map((one) => `${one.path.join('.') || 'message'}: ${one.message}`);
  if (issues.length > MAX_ISSUES) first.push(`and ${issues.length - MAX_ISSUES} more`);
  return first.join('; ');
}

/** Why JSON.parse failed, without its excerpt of the text, which may be of a secret. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/, (\.\.\.)?".*$/s, '');
}

function redacted(raw: EntryFields, document: Record<string, unknown>, flat: boolean): EntryFields {
  const clean = withoutSecrets(document);
  if (!flat) return { ...withoutSecrets(raw), data: JSON.stringify(clean) };
  return Object.fromEntries(
    Object.entries(clean).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
