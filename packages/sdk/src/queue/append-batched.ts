import type { EntryFields } from '@codegen/contracts';
import { byStream, flatFields } from './entry.js';
import { appendManyScript } from './lua/append-many.js';
import type { RedisClient } from './redis-client.js';
import { runScript } from './script.js';

/** Entries that one script adds at most: Redis works on these while this process encodes the next. */
const BATCH_ENTRIES = 64;
/** Characters that one script adds at most: it holds Redis up meanwhile, and copies them. */
const BATCH_LENGTH = 262_144;

interface Addition {
  readonly stream: string;
  readonly flat: readonly string[];
  readonly length: number;
  readonly resolve: (entryId: string) => void;
  readonly reject: (error: unknown) => void;
}

const pendingAdditions = new WeakMap<RedisClient, Addition[]>();

/**
 * Adds an entry. What is added to a stream in the same tick goes out as one script: a command for each entry, even in
 * one pipeline, costs this process several times as much. When a script fails, none of its entries counts as added.
 */
export function appendBatched(redis: RedisClient, stream: string, fields: EntryFields): Promise<string> {
  return new Promise((resolve, reject) => {
    const flat = flatFields(fields);
    let length = 0;
    for (const part of flat) length += part.length;
    const addition = { stream, flat, length, resolve, reject };
    const batch = pendingAdditions.get(redis);
    if (!batch) {
      pendingAdditions.set(redis, [addition]);
      setImmediate(() => flush(redis));
    } else if (batch.push(addition) === BATCH_ENTRIES) {
      flush(redis);
    }
  });
}

function flush(redis: RedisClient): void {
  const all = pendingAdditions.get(redis) ?? [];
  pendingAdditions.delete(redis);
  for (const additions of byStream(all).values()) {
    for (const part of parts(additions)) void send(redis, part);
  }
}

/** In order; an entry that is longer than a batch may be goes alone. */
function parts(additions: readonly Addition[]): Addition[][] {
  const found: Addition[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const addition of additions) {
    const last = found.at(-1);
    length += addition.length;
    if (last && length <= BATCH_LENGTH) {
      last.push(addition);
    } else {
      found.push([addition]);
      length = addition.length;
    }
  }
  return found;
}

async function send(redis: RedisClient, batch: readonly Addition[]): Promise<void> {
  try {
    const ids = await add(redis, batch);
    for (let i = 0; i < batch.length; i += 1) batch[i]?.resolve(ids[i] as string);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

async function add(redis: RedisClient, batch: readonly Addition[]): Promise<string[]> {
  const [first] = batch as readonly [Addition, ...Addition[]];
  if (batch.length === 1) return [(await redis.xadd(first.stream, '*', ...first.flat)) as string];
  const args: (string | number)[] = [];
  for (const { flat } of batch) args.push(flat.length, ...flat);
  return (await runScript(redis, appendManyScript, [first.stream], args)) as string[];
}
