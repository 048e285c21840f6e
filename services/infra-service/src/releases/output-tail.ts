import { StringDecoder } from 'node:string_decoder';
import { boundedText, type Redactor } from '@codegen/sdk/text';

export const TAIL_BYTES = 16 * 1024;

/** Keeps the end of a process' output, with every secret replaced before it is kept, also across chunks. */
export class OutputTail {
  readonly #decoder = new StringDecoder('utf8');
  readonly #clean: ReturnType<Redactor['stream']>;
  #tail = '';

  constructor(redactor: Redactor) {
    this.#clean = redactor.stream();
  }

  write(chunk: Buffer): void {
    this.#tail = (this.#tail + this.#clean.write(this.#decoder.write(chunk))).slice(-2 * TAIL_BYTES);
  }

  /** The last 16 KiB so far, as they can be stored. */
  text(): string {
    return boundedText(this.#tail + this.#clean.rest(), { maxBytes: TAIL_BYTES, keep: 'end' });
  }
}
