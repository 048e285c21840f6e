import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Maximum bytes of a line; agents print lines of 10 MB and more. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Splits a stream into lines without line breaks. Bytes of a line beyond `maxBytes` are dropped, so that a stream without
 * line breaks cannot exhaust memory. Ends without an error when the stream breaks.
 */
export async function* readLines(stream: Readable, maxBytes = MAX_LINE_BYTES): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (bytes: Buffer) => {
    const kept = bytes.subarray(0, Math.max(0, maxBytes - size));
    if (kept.length > 0) parts.push(kept);
    size += kept.length;
  };
  const line = () => {
    // Unlike toString, this drops a character that the limit has cut, and does not replace it.
    const text = new StringDecoder('utf8').write(Buffer.concat(parts));
    parts = [];
    size = 0;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  };
  try {
    for await (const chunk of stream) {
      let rest = chunk as Buffer;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        take(rest.subarray(0, end));
        yield line();
        rest = rest.subarray(end + 1);
      }
      take(rest);
    }
  } catch {
    // The writing process was killed.
  }
  if (size > 0) yield line();
}

/** Keeps the last `limit` characters of the added text. */
export class Tail {
  #text = '';
  constructor(readonly limit = 16 * 1024) {}

  add(text: string): void {
    this.#text = (this.#text + text).slice(-this.limit);
  }

  get text(): string {
    return this.#text.trim();
  }
}
