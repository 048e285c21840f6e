import { isUtf8 } from 'node:buffer';
import {
  type Decoded,
  decodeEntry,
  type EntryFields,
  type MessageOf,
  type QueueContract,
  withoutSecretText,
} from '@codegen/contracts';
import { fieldsOf, MAX_FIELDS, type StreamEntry } from '../queue/entry.js';
import { withoutCounters } from '../queue/retry-counters.js';
import type { QueueStore } from '../queue/store.js';

/** The message of an entry, or why it cannot be handled, and the entry as it may be kept. */
export type ReadEntry<T> =
  | Extract<Decoded<T>, { ok: true }>
  | (Omit<Extract<Decoded<T>, { ok: false }>, 'code' | 'path'> & { code: string });

/**
 * Decodes an entry. One that is not UTF-8 is refused as `invalid_encoding`: its texts have lost bytes already.
 * @throws what the store throws, where it has to be asked again
 */
export function readEntry<C extends QueueContract>(
  store: QueueStore,
  contract: C,
  entry: StreamEntry,
): ReadEntry<MessageOf<C>> | Promise<ReadEntry<MessageOf<C>>> {
  const decoded = decodeEntry(contract, entry.fields);
  if (Object.keys(entry.fields).length > MAX_FIELDS && Object.keys(withoutCounters(entry.fields)).length > MAX_FIELDS) {
    const error = `the entry has more than ${MAX_FIELDS} fields`;
    return {
      ok: false,
      code: 'invalid_message',
      error,
      raw: withoutSecretText(entry.fields),
      ...idsOfDecoded(decoded),
    };
  }
  // Only where Redis has to be asked again there is something to wait for.
  if (!hasReplacements(entry.fields)) return decoded;
  return binaryFields(store, entry).then((raw) => {
    if (!raw) return decoded;
    return { ok: false, code: 'invalid_encoding', error: 'the entry is not UTF-8', raw, ...idsOfDecoded(decoded) };
  });
}

function idsOfDecoded(decoded: Decoded<unknown>): { correlationId?: string; requestId?: string } {
  if (decoded.ok) return idsOf(decoded.message);
  return idsOf({ correlation_id: decoded.correlationId, request_id: decoded.requestId });
}

/** The ids that a message carries, if any. */
export function idsOf(message: unknown): { correlationId?: string; requestId?: string } {
  const { correlation_id: correlationId, request_id: requestId } = message as Record<string, unknown>;
  return {
    ...(typeof correlationId === 'string' && { correlationId }),
    ...(typeof requestId === 'string' && { requestId }),
  };
}

/** Whether bytes may have been replaced when the entry was read as text. */
function hasReplacements(fields: EntryFields): boolean {
  for (const name in fields) if (name.includes('\ufffd') || fields[name]?.includes('\ufffd')) return true;
  return false;
}

/**
 * An entry that is not UTF-8, as JSON can keep it: a value that is no text as base64 under `name;base64`, a name that is
 * none as `base64,…`. Undefined where all of it is text after all.
 */
async function binaryFields(store: QueueStore, { stream, id }: StreamEntry): Promise<EntryFields | undefined> {
  const flat = await store.entryBytes(stream, id);
  if (!flat || flat.every((part) => isUtf8(part))) return undefined;
  const texts = flat.map((part, i) => (i % 2 || isUtf8(part) ? part.toString() : `base64,${part.toString('base64')}`));
  const bytes = fieldsOf(flat.map((part, i) => (i % 2 ? part.toString('base64') : (texts[i] as string))));
  const lossy = fieldsOf(texts);
  const kept = withoutSecretText(lossy);
  const isText = (name: string) => isUtf8(Buffer.from(bytes[name] as string, 'base64')) || kept[name] !== lossy[name];
  return Object.fromEntries(
    Object.keys(lossy).map((name) =>
      isText(name) ? [name, kept[name] as string] : [`${name};base64`, bytes[name] as string],
    ),
  );
}
