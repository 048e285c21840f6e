/** The words of a finished command line, without variables that are set before it. */
export function shellWords(line: string): string[] {
  return readTypedLine(`${line} `).words;
}

/** A command line that somebody is typing, up to the cursor. */
export interface TypedLine {
  /** Those that are finished, without their quotes, the program first; variables set before it are left out. */
  words: string[];
  /** The one that Tab is pressed at, without its quotes; empty behind a space. */
  current: string;
  /** The quote that stands open there; empty where none does. */
  quote: string;
  /** From where in `current` the shell replaces it. */
  from: number;
}

const DOUBLE_ESCAPED = '\\"$`\n';

/**
 * Reads a line as a shell does; of its grammar only quotes are known.
 * @param breaks characters at which bash begins a new word to complete (COMP_WORDBREAKS)
 */
export function readTypedLine(line: string, breaks = ''): TypedLine {
  const words: string[] = [];
  let current: string | undefined;
  let quote = '';
  let from = 0;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    const next = line.charAt(at + 1);
    if (character === '\\' && (quote === '' || (quote === '"' && DOUBLE_ESCAPED.includes(next)))) {
      current = (current ?? '') + next;
      at += 1;
    } else if (quote === '' && /\s/.test(character)) {
      if (current !== undefined) words.push(current);
      current = undefined;
      from = 0;
    } else if (quote === '' ? character === '"' || character === "'" : character === quote) {
      quote = quote === '' ? character : '';
      current ??= '';
      if (breaks !== '') from = current.length;
    } else {
      current = (current ?? '') + character;
      if (quote === '' && breaks.includes(character)) from = current.length;
    }
  }
  while (/^\w+=/.test(words[0] ?? '')) words.shift();
  return { words, current: current ?? '', quote, from };
}

/** A word as bash puts it in the place of what is typed: nothing of it is read as more than a word. */
export function wordForBash(word: string, { quote, from }: TypedLine): string {
  const rest = word.slice(from);
  return quote === '' ? rest.replace(/[^\p{L}\p{N}_./:=@,+%-]/gu, '\\$&') : rest;
}
