import type { Writable } from 'node:stream';
import { escapeHidden, withoutHidden } from './text.js';

/** Writes to the standard streams so that nothing is lost at exit, and a stream that breaks throws nowhere. */
export class Output {
  readonly #broken = new Set<Writable>();
  readonly #pending = new Set<Promise<void>>();

  constructor(
    private readonly stdout: Writable,
    private readonly stderr: Writable,
    /** Whether standard output is for programs, which get hidden characters escaped; people are spared them. */
    private readonly json: boolean,
    /** Told once when standard output takes nothing any more: EPIPE where its reader went away. */
    onLost: (error: NodeJS.ErrnoException) => void,
  ) {
    for (const stream of [stdout, stderr]) {
      stream.on('error', (error) => {
        const first = !this.#broken.has(stream);
        this.#broken.add(stream);
        if (first && stream === stdout) onLost(error);
      });
    }
  }

  /** To standard output; resolves when the reader's pipe has taken it. */
  out(text: string): Promise<void> {
    return this.#write(this.stdout, this.json ? escapeHidden(text) : withoutHidden(text));
  }

  /** To standard error. */
  err(text: string): Promise<void> {
    return this.#write(this.stderr, text);
  }

  /** Waits until everything written is with the reader: process.exit before that cuts pipes at 64 KiB. */
  async drain(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #write(stream: Writable, text: string): Promise<void> {
    if (text === '' || this.#broken.has(stream)) return Promise.resolve();
    const written = new Promise<void>((resolve) => {
      stream.write(text, () => resolve());
    });
    this.#pending.add(written);
    return written.finally(() => this.#pending.delete(written));
  }
}
