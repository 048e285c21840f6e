import { deadLetterStream, type EntryFields } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import type { GroupReader } from './entry.js';
import { deadLetterScript } from './lua/dead-letter.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';

/** Why an entry is in the dead-letter stream. */
export interface ErrorContext {
  error: string;
  error_type: string;
  code: string;
  timestamp: string;
  service: string;
  consumer: string;
  attempts: number;
  entry_id: string;
  correlation_id: string | null;
}

/** Moves an entry to the dead-letter stream of `target`; false where this consumer no longer owns it. */
export async function deadLetterEntry(
  redis: Redis,
  { stream, group, consumer }: GroupReader,
  entry: { id: string; original: EntryFields; context: ErrorContext; target: string },
): Promise<boolean> {
  const keys = [stream, deadLetterStream(entry.target)];
  const args = [group, consumer, entry.id, JSON.stringify(entry.original), JSON.stringify(entry.context)];
  try {
    return (await runScript(redis, deadLetterScript, keys, args)) === 1;
  } catch (error) {
    if (isGroupGone(error)) return false;
    throw error;
  }
}
