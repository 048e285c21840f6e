import { FormFinder } from './form-finder.js';
import { REDACTED, withoutPatterns } from './secret-patterns.js';
import { writtenForms } from './written-forms.js';

/** Most characters without a space to hold back in a stream: the longest password or key found by its pattern. */
const LONGEST_PATTERN = 1024;

/**
 * Removes secrets from texts that leave a process: logs, errors, messages, output for people.
 *
 * It finds the values added to it, of 6 characters or more: as they are, trimmed, line by line, within JSON, XML, URLs and
 * quotes, as base64 (also URL-safe or inside longer data), as hex, and the password of a URL; each also with line breaks
 * and colours in the middle. It always finds passwords in URLs and API keys of this system (`cgk_…`).
 *
 * It cannot find values that are encrypted, compressed, hashed, reversed, encoded twice or otherwise (base32, hex with
 * spaces), split on purpose, or shorter than 6 characters. If a secret is spread over separate texts, such as log lines, it
 * finds only the line lengths of common programs. It guards against accidents, not against a program that leaks on
 * purpose: do not give such a program the secret.
 *
 * The time is linear in the text, however many secrets there are.
 */
export class Redactor {
  readonly #forms = new FormFinder();
  /** Secrets whose forms are not made yet: a process that prints nothing needs none. */
  readonly #pending: string[] = [];
  #isEmpty = true;

  constructor(values: Iterable<string | undefined> = []) {
    for (const value of values) this.add(value);
  }

  /** Adds a secret; ignores one that is too short. */
  add(secret: string | undefined): void {
    if (secret === undefined) return;
    this.#pending.push(secret);
    this.#isEmpty = false;
  }

  /** Replaces each secret in a text by `[redacted]`. */
  clean(text: string): string {
    return withoutPatterns(this.#isEmpty ? text : this.#pass(text, 0, true).shown);
  }

  /** The same for every string in a JSON value, including field names. */
  cleanAll(value: unknown): unknown {
    if (typeof value === 'string') return this.clean(value);
    if (Array.isArray(value)) return value.map((item) => this.cleanAll(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [this.clean(name), this.cleanAll(inner)]));
  }

  /** For a text in chunks: holds back what may be the start of a secret until the next chunk. */
  stream(): RedactedStream {
    let waiting = '';
    let covered = 0;
    let word = '';
    return {
      write: (chunk) => {
        const passed = this.#pass(waiting + chunk, covered, false);
        waiting = passed.rest;
        covered = passed.covered;
        const all = word + passed.shown;
        const end = lastWordAt(all);
        word = all.slice(end);
        return withoutPatterns(all.slice(0, end));
      },
      rest: () => withoutPatterns(word + this.#pass(waiting, covered, true).shown),
    };
  }

  /**
   * Redacts a text whose first `covered` characters belong to a secret that is already replaced. Unless it is the final
   * part, stops where a secret may continue: `rest` must be passed again with the next chunk.
   */
  #pass(text: string, covered: number, final: boolean): { shown: string; rest: string; covered: number } {
    for (const secret of this.#pending.splice(0)) for (const form of writtenForms(secret)) this.#forms.add(form);
    const { places, openFrom } = this.#forms.find(text);
    const end = final ? text.length : openFrom;
    let shown = '';
    // Everything before it is in `shown`, or redacted.
    let done = covered;
    for (const [from, to] of places) {
      if (from >= end) break;
      if (to <= done) continue;
      if (done === 0 || done < from) shown += text.slice(done, from) + REDACTED;
      done = to;
    }
    return { shown: shown + text.slice(done, end), rest: text.slice(end), covered: Math.max(0, done - end) };
  }
}

/** A text without its secrets, chunk by chunk. */
export interface RedactedStream {
  /** Takes a chunk and returns what is safe to print by now. */
  write(chunk: string): string;
  /** Returns the text held back, without changing the state; after the last chunk, the end of the text. */
  rest(): string;
}

/** Start of the last word, which may be the start of a key or URL; limited for a very long word. */
function lastWordAt(text: string): number {
  const least = Math.max(0, text.length - LONGEST_PATTERN);
  let at = text.length;
  while (at > least && !/\s/.test(text[at - 1] as string)) at -= 1;
  return at;
}
