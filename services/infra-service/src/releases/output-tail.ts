import { StringDecoder } from 'node:string_decoder';

export const TAIL_BYTES = 16 * 1024;
const REDACTED = '[redacted]';

/** Keeps the end of a process' output, with every secret replaced before it is kept, also across chunks. */
export class OutputTail {
  readonly #decoder = new StringDecoder('utf8');
  readonly #secrets: RegExp | undefined;
  readonly #longest: number;
  #pending = '';
  #tail = '';

  constructor(secrets: readonly string[]) {
    const forms = [...new Set(secrets.flatMap(writtenForms))].sort((a, b) => b.length - a.length);
    this.#longest = forms[0]?.length ?? 0;
    this.#secrets = forms.length > 0 ? new RegExp(forms.map(escapeExpression).join('|'), 'g') : undefined;
  }

  write(chunk: Buffer): void {
    this.#pending += this.#decoder.write(chunk);
    // What may be the beginning of a secret waits for the next chunk.
    this.#flush(this.#pending.length - Math.max(0, this.#longest - 1));
  }

  /** The last 16 KiB so far. */
  text(): string {
    const rest = this.#pending;
    const bytes = Buffer.from(this.#tail + (this.#secrets ? rest.replace(this.#secrets, REDACTED) : rest));
    return bytes.length <= TAIL_BYTES ? bytes.toString() : cut(bytes);
  }

  #flush(until: number): void {
    if (until <= 0) return;
    let end = until;
    let text = '';
    let from = 0;
    for (const match of this.#secrets ? this.#pending.matchAll(this.#secrets) : []) {
      if (match.index >= until) break;
      text += this.#pending.slice(from, match.index) + REDACTED;
      from = match.index + match[0].length;
      end = Math.max(until, from);
    }
    text += this.#pending.slice(from, end);
    this.#pending = this.#pending.slice(end);
    this.#tail = (this.#tail + text).slice(-TAIL_BYTES);
  }
}

/** Replaces secrets in a text that is at hand as a whole. */
export function redact(text: string, secrets: readonly string[]): string {
  const tail = new OutputTail(secrets);
  tail.write(Buffer.from(text));
  return tail.text();
}

/** A secret as programs print it: plain, inside JSON, inside a URL. */
function writtenForms(secret: string): string[] {
  if (secret === '') return [];
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(Buffer.from(secret).toString())];
}

function escapeExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function cut(bytes: Buffer): string {
  let start = bytes.length - TAIL_BYTES;
  // Not in the middle of a character.
  while (start < bytes.length && ((bytes[start] as number) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString();
}
