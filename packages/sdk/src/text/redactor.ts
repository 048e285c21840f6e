import { FormFinder } from './form-finder.js';
import { REDACTED, withoutPatterns } from './secret-patterns.js';
import { writtenForms } from './written-forms.js';

/** Characters without a space that wait for their end: the longest password or key of which the form alone tells. */
const LONGEST_PATTERN = 1024;

/**
 * Takes secrets out of texts that leave a process: logs, errors, messages, what people see.
 *
 * It knows the values that it is told, of 6 characters or more: as they are, trimmed, each line of them, within JSON,
 * XML, URLs and quotes, as base64 (also in the middle of more, URL-safe), as hex, and the password of a value that is
 * a URL; each also with line breaks and colours in the middle. Without being told it knows passwords within URLs and
 * keys of this system (`cgk_…`).
 *
 * It cannot find what was encrypted, compressed, hashed, reversed, encoded twice or in another way (base32, hex
 * with spaces), what somebody splits on purpose, or a value shorter than 6 characters. Of a secret that is broken over
 * texts that leave one by one, such as the lines of a log, it knows the lines of the usual programs only. It guards
 * against accidents, not against a program that wants to give a secret away: such a program must not get the secret.
 *
 * Takes time by the text's length, however many secrets there are.
 */
export class Redactor {
  readonly #forms = new FormFinder();
  /** Secrets whose forms are not yet made: a process that shows nothing needs none. */
  readonly #toldLately: string[] = [];
  #isEmpty = true;

  constructor(values: Iterable<string | undefined> = []) {
    for (const value of values) this.add(value);
  }

  /** Remembers a secret; one that is too short is left out. */
  add(secret: string | undefined): void {
    if (secret === undefined) return;
    this.#toldLately.push(secret);
    this.#isEmpty = false;
  }

  /** The text with `[redacted]` for each secret. */
  clean(text: string): string {
    return withoutPatterns(this.#isEmpty ? text : this.#pass(text, 0, true).shown);
  }

  /** The same for every string in a JSON value, names of fields included. */
  cleanAll(value: unknown): unknown {
    if (typeof value === 'string') return this.clean(value);
    if (Array.isArray(value)) return value.map((item) => this.cleanAll(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [this.clean(name), this.cleanAll(inner)]));
  }

  /** For a text that comes in chunks: what may be the beginning of a secret waits for the next chunk. */
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
   * Looks through a text, of which the first `covered` characters belong to a secret that is told already. Unless it is
   * the last part, stops where a secret may go on beyond it: `rest` is to be looked at again.
   */
  #pass(text: string, covered: number, final: boolean): { shown: string; rest: string; covered: number } {
    for (const secret of this.#toldLately.splice(0)) for (const form of writtenForms(secret)) this.#forms.add(form);
    const { places, openFrom } = this.#forms.find(text);
    const end = final ? text.length : openFrom;
    let shown = '';
    // All before it is told.
    let told = covered;
    for (const [from, to] of places) {
      if (from >= end) break;
      if (to <= told) continue;
      if (told === 0 || told < from) shown += text.slice(told, from) + REDACTED;
      told = to;
    }
    return { shown: shown + text.slice(told, end), rest: text.slice(end), covered: Math.max(0, told - end) };
  }
}

/** A text without its secrets, as it comes. */
export interface RedactedStream {
  /** Takes a chunk and returns what can be told by now. */
  write(chunk: string): string;
  /** What waits, without changing that: after the last chunk, the end of the text. */
  rest(): string;
}

/** Where the last word begins, which may be the beginning of a key or of a URL; of a very long one, its end counts. */
function lastWordAt(text: string): number {
  const least = Math.max(0, text.length - LONGEST_PATTERN);
  let at = text.length;
  while (at > least && !/\s/.test(text[at - 1] as string)) at -= 1;
  return at;
}
