import { pause } from '../queue/backoff.js';
import type { GroupReader, StreamEntry } from '../queue/entry.js';
import type { WaitingReader } from '../queue/store.js';

/** What a reader needs of the streams. */
interface Source {
  deliver(stream: string, group: string, consumer: string, count: number): StreamEntry[];
  after(stream: string, position: string, count: number): StreamEntry[];
  /** Calls back when there may be something new; the returned function ends that. */
  onChange(wake: () => void): () => void;
}

/** Reads that wait for entries in memory. */
export class MemoryReader implements WaitingReader {
  readonly #source: Source;
  #interrupt: () => void = () => undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  readNew(
    streams: readonly string[],
    { group, consumer }: Pick<GroupReader, 'group' | 'consumer'>,
    { count, blockMs }: { count: number; blockMs: number },
  ): Promise<StreamEntry[]> {
    return this.#wait(blockMs, () => streams.flatMap((stream) => this.#source.deliver(stream, group, consumer, count)));
  }

  readAfter(positions: ReadonlyMap<string, string>, { count, blockMs }: { count: number; blockMs: number }) {
    return this.#wait(blockMs, () =>
      [...positions].flatMap(([stream, position]) => this.#source.after(stream, position, count)),
    );
  }

  async interrupt(left: AbortSignal): Promise<void> {
    // Again and again: the loop around the reads may be about to begin one.
    while (!left.aborted) {
      this.#interrupt();
      await pause(1, left);
    }
  }

  async close(): Promise<void> {
    this.#interrupt();
  }

  async #wait(blockMs: number, read: () => StreamEntry[]): Promise<StreamEntry[]> {
    const untilMs = performance.now() + blockMs;
    // Never in the same tick: a reader that always finds something must not starve the rest.
    await new Promise(setImmediate);
    for (;;) {
      const entries = read();
      const leftMs = untilMs - performance.now();
      if (entries.length > 0 || leftMs <= 0) return entries;
      if (await this.#changeOrEnd(leftMs)) return [];
    }
  }

  /** True when the wait is over, false when something changed. */
  #changeOrEnd(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isOver: boolean) => {
        clearTimeout(timer);
        unlisten();
        this.#interrupt = () => undefined;
        resolve(isOver);
      };
      const timer = setTimeout(end, ms, true);
      const unlisten = this.#source.onChange(() => end(false));
      this.#interrupt = () => end(true);
    });
  }
}
