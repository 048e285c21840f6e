import {
  decodeEntry,
  type EntryFields,
  isRedacted,
  parseJson,
  type QueueContract,
  withoutSecretText,
} from '@codegen/contracts';
import type { ErrorContext } from './dead-letter.js';
import type { StreamEntry } from './entry.js';

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
  const decoded = decodeEntry(contract, original);
  const redacted =
    context.code === 'plain_secret' ||
    (!decoded.ok && (decoded.code === 'plain_secret' || Object.values(decoded.raw).some(isRedacted)));
  const refusal = redacted ? 'its secret was redacted: publish the message again, with a reference' : undefined;
  return { letterId: id, original: decoded.raw, context, refusal };
}

/** Some peers write the document itself rather than the fields of its entry. */
function originalOf(text: string | undefined): EntryFields | undefined {
  const document = objectOf(text);
  if (!text || !document || Object.keys(document).length === 0) return undefined;
  const isEntry = Object.values(document).every((value) => typeof value === 'string');
  return isEntry ? (document as EntryFields) : { data: text };
}

const TEXTS = ['error', 'error_type', 'code', 'timestamp', 'service', 'consumer', 'entry_id'] as const;

function contextOf(text: string | undefined): Partial<ErrorContext> {
  const found = objectOf(text) ?? {};
  const { attempts, correlation_id } = found;
  return {
    ...Object.fromEntries(TEXTS.flatMap((name) => (typeof found[name] === 'string' ? [[name, found[name]]] : []))),
    ...(typeof attempts === 'number' && { attempts }),
    ...((typeof correlation_id === 'string' || correlation_id === null) && { correlation_id }),
  };
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
