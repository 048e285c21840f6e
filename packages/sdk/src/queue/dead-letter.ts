import {
  decodeEntry,
  type EntryFields,
  type ErrorContext,
  errorContext,
  isRedacted,
  parseJson,
  type QueueContract,
  withoutSecretText,
} from '@codegen/contracts';
import { MAX_FIELDS, type StreamEntry } from './entry.js';

/** A dead letter as it lies in `{stream}:dlq`, whoever wrote it. */
export interface DeadLetterEntry {
  readonly letterId: string;
  /** The entry that could not be handled, secrets redacted; undefined where the letter holds none. */
  readonly original: EntryFields | undefined;
  /** What can be read of the reason. */
  readonly context: Partial<ErrorContext>;
  /** Why it cannot be replayed; undefined where it can. */
  readonly refusal: string | undefined;
  /** The letter itself, where it is none that we understand. */
  readonly fields?: EntryFields;
}

/** Reads a dead letter of any writer. Never throws. */
export function toDeadLetterEntry(contract: QueueContract, { id, fields }: StreamEntry): DeadLetterEntry {
  const context = contextOf(fields.error_context);
  const original = originalOf(fields.original_message);
  if (!original) {
    const refusal = 'original_message is not an entry: a JSON object of fields';
    return { letterId: id, original, context, refusal, fields: withoutAnySecret(fields) };
  }
  const { raw, refusal } = replayable(contract, original, context);
  return { letterId: id, original: raw, context, refusal };
}

/** The original as it may be shown, and why it cannot be put back as it was. */
function replayable(contract: QueueContract, original: EntryFields, { code }: Partial<ErrorContext>) {
  const decoded = decodeEntry(contract, original);
  const { raw } = decoded;
  if (
    code === 'plain_secret' ||
    (!decoded.ok && (decoded.code === 'plain_secret' || Object.values(raw).some(isRedacted)))
  ) {
    return { raw, refusal: 'its secret was redacted: publish the message again, with a reference' };
  }
  if (code === 'invalid_encoding') return { raw, refusal: 'it was no text: publish the message again, as UTF-8' };
  const tooLarge = Object.keys(raw).length > MAX_FIELDS + 2;
  return { raw, refusal: tooLarge ? `it has more than ${MAX_FIELDS} fields` : undefined };
}

/** Some peers write the document itself rather than the fields of its entry. */
function originalOf(text: string | undefined): EntryFields | undefined {
  const document = objectOf(text);
  if (!text || !document || Object.keys(document).length === 0) return undefined;
  const isEntry = Object.values(document).every((value) => typeof value === 'string');
  return isEntry ? (document as EntryFields) : { data: text };
}

function contextOf(text: string | undefined): Partial<ErrorContext> {
  const found = objectOf(text) ?? {};
  const readable = Object.entries(errorContext.shape).filter(([name, type]) => type.safeParse(found[name]).success);
  return Object.fromEntries(readable.map(([name]) => [name, found[name]]));
}

function objectOf(text: string | undefined): Record<string, unknown> | undefined {
  const parsed = text === undefined ? undefined : parseJson(text);
  if (!parsed?.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) {
    return undefined;
  }
  return parsed.value as Record<string, unknown>;
}

/** The names of secrets may be escaped, as JSON within JSON is. */
function withoutAnySecret(fields: EntryFields): EntryFields {
  const plain = Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, text.replaceAll('\\', '')]));
  const clean = withoutSecretText(plain);
  return Object.fromEntries(
    Object.entries(fields).map(([key, text]) => [key, clean[key] === plain[key] ? text : (clean[key] as string)]),
  );
}
