import { decodeEntry, type EntryFields, parseJson, parseReference, type QueueContract } from '@codegen/contracts';
import type { StreamEntry } from '../queue/entry.js';
import { partsOf } from '../queue/entry-id.js';
import { REDACTED, withoutPatterns } from '../text/secret-patterns.js';

/** An entry of a queue as it may be shown: secrets are redacted. */
export interface QueueEntry {
  /** Its place in the stream, which is its id there. */
  seq: string;
  /** When Redis took it in. ISO 8601, UTC. */
  added_at: string;
  /** The message, with every default; missing where the entry is none. */
  message?: Record<string, unknown>;
  /** Why it is no message. */
  error?: { code: string; message: string };
  /** The entry's fields as they are, where it is no message. */
  fields?: Record<string, string>;
}

/** Reads an entry of any writer. Never throws. */
export function toQueueEntry(contract: QueueContract, { id, fields }: StreamEntry): QueueEntry {
  const about = { seq: id, added_at: timeOf(id) };
  const decoded = decodeEntry(contract, fields);
  if (decoded.ok) return { ...about, message: redactMessage(decoded.message) as Record<string, unknown> };
  const { code, error, raw } = decoded;
  return { ...about, error: { code, message: error }, fields: redactFields(raw) };
}

/** When an entry was added, by the id that Redis gave it; the epoch for an id that no clock gave. */
export function timeOf(id: string): string {
  const [ms] = partsOf(id);
  return new Date(ms <= 8_640_000_000_000_000 ? ms : 0).toISOString();
}

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
