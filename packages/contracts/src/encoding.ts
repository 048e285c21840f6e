import type { MessageInput, MessageOf, QueueContract } from './define-queue.js';
import { fromFlatFields, propertiesOf, toFlatFields } from './flat-fields.js';
import { isTooDeep, TOO_DEEP } from './nesting.js';
import { parseJson } from './parse-json.js';
import {
  findPlainSecret,
  findReplacedSecret,
  plainSecretError,
  withoutSecrets,
  withoutSecretText,
} from './plain-secret.js';
import { type DocumentErrorCode, type DocumentIssue, readDocument } from './read-document.js';
import { storable, storableText } from './storable.js';

/** The fields of a stream entry. */
export type EntryFields = Record<string, string>;

/** Why an entry cannot be decoded; it is dead-lettered with this code. */
export type DecodeErrorCode = 'invalid_json' | DocumentErrorCode;

export type Decoded<T> =
  | { ok: true; message: T; legacy: boolean; raw: EntryFields }
  | {
      ok: false;
      code: DecodeErrorCode;
      error: string;
      path: string;
      correlationId?: string;
      requestId?: string;
      /** The entry with its secrets redacted, safe to store. */
      raw: EntryFields;
    };

/** Limits of an error text: issues listed, and characters. */
const MAX_ISSUES = 10;
const MAX_ERROR_LENGTH = 2000;

/** Matches JSON text with NUL or half a surrogate pair, which JSON always escapes; a whole pair may match too. */
const MAY_BE_UNSTORABLE = /\\u(?:0000|d[89a-f])/i;

/**
 * Encodes a message as an entry with one field: `data` holds the JSON document with all defaults. NUL and unpaired
 * surrogates become U+FFFD, because databases and Python peers reject them.
 * @throws {z.ZodError} if the message does not match its contract
 * @throws {TypeError} if it contains a plain-text secret
 */
export function encodeEntry<C extends QueueContract>(
  contract: C,
  message: MessageInput<C>,
): { fields: { data: string }; message: MessageOf<C> } {
  const parsed = contract.message.parse(message) as MessageOf<C>;
  const secret = findPlainSecret(parsed);
  if (secret)
    throw new TypeError(`${contract.model}.${secret.join('.')} contains a plain-text secret: send a reference instead`);
  const data = JSON.stringify(parsed);
  if (!MAY_BE_UNSTORABLE.test(data)) return { fields: { data }, message: parsed };
  const mended = storable(parsed);
  return { fields: { data: JSON.stringify(mended) }, message: mended };
}

/**
 * Decodes an entry in any form that peers write: wrapped in `data`, without a version, or as flat fields. Never throws.
 * Characters that no database can store become U+FFFD, so that handlers need not expect them.
 */
export function decodeEntry<C extends QueueContract>(contract: C, raw: EntryFields): Decoded<MessageOf<C>> {
  const { message: schema } = contract;
  const flat = typeof raw.data !== 'string' || 'data' in propertiesOf(schema, raw);
  const json = flat ? undefined : parseJson(raw.data as string);
  if (json?.ok === false) return refused('invalid_json', `data is not JSON: ${json.error}`, withoutSecretText(raw));
  const document = json ? json.value : fromFlatFields(schema, raw);
  const { data = '', ...others } = raw;
  const beside = flat ? {} : fromFlatFields(schema, others);
  if (isTooDeep(beside)) return refused('invalid_message', TOO_DEEP, withoutSecretText(raw));
  const read = readDocument(schema, document);
  // Such a document was not searched for secrets, and may nest too deeply to search.
  if (!read.ok && read.issues[0].path === '') {
    return { ...refused(read.code, issuesText(read.issues), withoutSecretText(raw)), ...idsOf(document) };
  }
  const record = document as Record<string, unknown>;
  // A dead letter keeps the whole entry, also what lies beside the document; readDocument has searched a valid document.
  const replaced = () => (flat ? undefined : findReplacedSecret(data, record));
  const secret = (read.ok ? undefined : findPlainSecret(record)) ?? findPlainSecret(beside) ?? replaced();
  if (secret) {
    const path = secret.join('.');
    const kept = flat
      ? toFlatFields(withoutSecrets(record))
      : { data: JSON.stringify(withoutSecrets(record)), ...toFlatFields(withoutSecrets(beside)) };
    return { ...refused('plain_secret', plainSecretError(path), kept, path), ...idsOf(record) };
  }
  if (!read.ok) {
    const { code, issues } = read;
    const error = code === 'invalid_message' ? issuesText(issues) : issues[0].message;
    return { ...refused(code, error, raw, issues[0].path), ...idsOf(record) };
  }
  const mayBeUnstorable = flat || MAY_BE_UNSTORABLE.test(data);
  const message = (mayBeUnstorable ? storable(read.message) : read.message) as MessageOf<C>;
  const beforeVersions = 'version' in message && record.version === undefined;
  return { ok: true, message, legacy: flat || read.legacyNames || beforeVersions, raw };
}

function idsOf(document: unknown): { correlationId?: string; requestId?: string } {
  const { correlation_id, request_id } = (document ?? {}) as Record<string, unknown>;
  return {
    ...(typeof correlation_id === 'string' && { correlationId: correlation_id }),
    ...(typeof request_id === 'string' && { requestId: request_id }),
  };
}

function refused(code: DecodeErrorCode, error: string, raw: EntryFields, path = '') {
  const brief = (text: string) => storableText(text.slice(0, MAX_ERROR_LENGTH));
  return { ok: false as const, code, error: brief(error), path: brief(path), raw };
}

function issuesText(issues: readonly DocumentIssue[]): string {
  const first = issues.slice(0, MAX_ISSUES).map(({ path, message }) => `${path || 'message'}: ${message}`);
  if (issues.length > MAX_ISSUES) first.push(`and ${issues.length - MAX_ISSUES} more`);
  return first.join('; ');
}
