import type { Screen } from './screen.js';
import { widthOf } from './text.js';

/** Prose longer than this is hard to read, however wide the screen is. */
const WIDEST = 100;
/** Below this, two columns leave too little for the second. */
const NARROW = 60;
const WIDEST_NAME = 26;
/** Words of a command line: spaces inside of quotes do not part them. */
const SHELL_WORD = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g;
const FLAG = /^--?[a-z-]+$/;

/** Text that wraps between words; what follows the first line is indented by so many columns. */
export function wrapText(text: string, { columns }: Screen, indent = 0): string {
  const width = Math.min(columns, WIDEST) - indent;
  const lines = text.split('\n').flatMap((paragraph) => fill(paragraph.split(' '), () => width));
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** A line that hangs below its first words in a terminal; elsewhere, such as in a log, it stays one. */
export function hang(line: string, { columns }: Screen, indent: number): string {
  if (columns === Number.POSITIVE_INFINITY) return line;
  const width = Math.min(columns, WIDEST);
  const words = line.match(/^ *\S+|\S+/g) ?? [];
  return fill(words, (at) => (at === 0 ? width : width - indent)).join(`\n${' '.repeat(indent)}`);
}

/** A command line that stays one when it is pasted: lines end in a backslash. For after `  $ `. */
export function wrapCommand(text: string, { columns }: Screen): string {
  const words = keepValues(text.match(SHELL_WORD) ?? [], columns - 8);
  // Two columns for the backslash, four for what stands before the first line and two more before the others.
  const lines = fill(words, (line) => columns - (line === 0 ? 6 : 8));
  return lines.join(' \\\n      ');
}

/** Names and what they mean; the right side wraps under itself, or on a narrow screen under its name. */
export function wrapPairs(rows: readonly (readonly [string, string])[], screen: Screen, least = 0): string {
  const narrow = screen.columns < NARROW;
  const widest = Math.max(least, ...rows.map(([left]) => widthOf(left)));
  const width = Math.min(narrow ? Math.floor(screen.columns / 3) : WIDEST_NAME, widest);
  const indent = narrow && widest > width ? 6 : width + 4;
  return rows
    .map(([left, right]) => {
      const room = indent - 4;
      const head = widthOf(left) > room ? `  ${left}\n${' '.repeat(indent)}` : `  ${left.padEnd(room)}  `;
      return (head + wrapText(right, screen, indent)).trimEnd();
    })
    .join('\n');
}

/** The same words, with a flag and its value as one where a line can hold both. */
function keepValues(words: readonly string[], width: number): string[] {
  const kept: string[] = [];
  for (const word of words) {
    const last = kept.at(-1) ?? '';
    const isValue = FLAG.test(last) && /^(?![-|<>])|^-$/.test(word);
    if (isValue && widthOf(last) + 1 + widthOf(word) <= width) kept[kept.length - 1] = `${last} ${word}`;
    else kept.push(word);
  }
  return kept;
}

function fill(words: readonly string[], widthOfLine: (line: number) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > widthOfLine(lines.length)) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
