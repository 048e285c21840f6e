import type { Redis } from 'ioredis';
import { pause } from './backoff.js';
import { closeRedis, connectBlocking } from './connect.js';
import { fieldsOf, type GroupReader, type StreamEntry } from './entry.js';
import { isCluster, type RedisClient } from './redis-client.js';
import type { WaitingReader } from './store.js';

/** Milliseconds in which a waiting read must end; then its connection is dropped. */
const UNBLOCK_MS = 1000;

type Reply = [stream: string, entries: [id: string, flat: string[]][]][] | null;

/** Reads with BLOCK, on a connection of their own: any other command there would wait them out. */
export class RedisReader implements WaitingReader {
  readonly #redis: RedisClient;
  readonly #blocking: RedisClient;
  readonly #name: string;

  constructor(redis: RedisClient, name: string) {
    this.#redis = redis;
    this.#name = name;
    this.#blocking = connectBlocking(redis, name);
  }

  async readNew(
    streams: readonly string[],
    { group, consumer }: Pick<GroupReader, 'group' | 'consumer'>,
    { count, blockMs }: { count: number; blockMs: number },
  ): Promise<StreamEntry[]> {
    const ids = streams.map(() => '>');
    const reply = await this.#blocking.xreadgroup(
      ...(['GROUP', group, consumer, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...streams, ...ids] as const),
    );
    return entriesOf(reply as Reply);
  }

  async readAfter(
    positions: ReadonlyMap<string, string>,
    { count, blockMs }: { count: number; blockMs: number },
  ): Promise<StreamEntry[]> {
    const where = [...positions.keys(), ...positions.values()];
    const reply = await this.#blocking.xread(...(['COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...where] as const));
    return entriesOf(reply as Reply);
  }

  async interrupt(left: AbortSignal): Promise<void> {
    // Again and again: the read may be on its way to Redis still, and cannot be unblocked before it is there.
    for (const untilMs = performance.now() + UNBLOCK_MS; performance.now() < untilMs && !left.aborted; ) {
      if (this.#redis.status === 'ready' && this.#blocking.status === 'ready') {
        const servers = isCluster(this.#redis) ? this.#redis.nodes('master') : [this.#redis];
        const asked = Promise.all(servers.map((server) => this.#unblock(server).catch(() => undefined)));
        // A frozen Redis answers neither.
        await Promise.race([asked, pause(untilMs - performance.now(), left)]);
      }
      await pause(50, left);
    }
    if (!left.aborted) this.#blocking.disconnect();
  }

  /** Asks for the blocked connection's id on another one: it cannot answer itself. */
  async #unblock(server: Redis): Promise<void> {
    const lines = String(await server.client('LIST')).split('\n');
    const id = /^id=(\d+)/.exec(lines.find((line) => line.includes(` name=${this.#name} `)) ?? '')?.[1];
    if (id !== undefined) await server.client('UNBLOCK', id);
  }

  async close(): Promise<void> {
    this.#blocking.disconnect();
    await closeRedis(this.#blocking);
  }
}

function entriesOf(reply: Reply): StreamEntry[] {
  return (reply ?? []).flatMap(([stream, entries]) =>
    entries.map(([id, flat]) => ({ stream, id, fields: fieldsOf(flat) })),
  );
}
