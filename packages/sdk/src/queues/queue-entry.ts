import { decodeEntry, type QueueContract } from '@codegen/contracts';
import type { StreamEntry } from '../queue/entry.js';
import { partsOf } from '../queue/entry-id.js';
import { redactFields, redactMessage } from './redact-entry.js';

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
