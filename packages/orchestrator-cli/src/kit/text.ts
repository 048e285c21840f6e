import { withoutEscapes } from '@codegen/sdk/text';
import { eastAsianWidth } from 'get-east-asian-width';

// C0, C1, line and paragraph separators, zero-width, bidirectional and tag characters: what could move the cursor or hide text.
const UNSEEN =
  '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\u{e0000}-\\u{e007f}';
const CONTROL = new RegExp(`[${UNSEEN}]`, 'gu');
/** All of them but line breaks, tabs and colours, which text of ours has. */
const HIDDEN = new RegExp(`(?!\\u001b\\[[0-9;]*m|[\\n\\t])[${UNSEEN}]`, 'gu');
const ZERO_WIDTH = /\p{Mn}|\p{Me}|\u200d|[\ufe00-\ufe0f]/u;
/** A flag, or what is shown as a picture though the character alone is none. */
const PICTURE = /^\p{RI}{2}|\ufe0f/u;
const ASCII = /^[\u0020-\u007e]*$/;
let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character. The segmenter is made when first needed: that takes milliseconds. */
function segmentsOf(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Text from elsewhere, made fit for one line of a terminal. */
export function oneLine(text: string): string {
  return withoutEscapes(text)
    .replace(/[\r\n\t\u2028\u2029]+/g, ' ')
    .replace(CONTROL, '')
    .trim();
}

/** The same for text of several lines, which keeps its line breaks. */
export function manyLines(text: string): string {
  return withoutEscapes(text)
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\t', '  ').replace(CONTROL, ''))
    .join('\n');
}

/** Data whose every string is fit for a terminal, line breaks kept: nothing of it can colour, hide or move anything. */
export function printable<T>(data: T): T {
  if (typeof data === 'string') return manyLines(data) as T;
  if (Array.isArray(data)) return data.map(printable) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [manyLines(key), printable(value)])) as T;
}

/** Text for a terminal, colours and all, without anything else that does not show: the last sieve before standard output. */
export function withoutHidden(text: string): string {
  return text.replace(HIDDEN, '');
}

/** A JSON text of the same meaning that shows all there is, for JSON leaves most of what hides or reorders text as it is. */
export function escapeHidden(json: string): string {
  return json.replace(CONTROL, (character) => {
    if (character === '\n') return character;
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** Columns that text takes in a terminal; colours take none. */
export function widthOf(text: string): number {
  const bare = withoutEscapes(text);
  if (ASCII.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of segmentsOf(bare)) width += widthOfSegment(segment);
  return width;
}

function widthOfSegment(segment: string): number {
  const first = segment.codePointAt(0) ?? 0;
  if (ZERO_WIDTH.test(String.fromCodePoint(first))) return 0;
  return PICTURE.test(segment) ? 2 : eastAsianWidth(first);
}

/** Cuts plain text to so many columns, with … where something is gone. Reads no more of it than that. */
export function cut(text: string, columns: number): string {
  if (text.length <= columns && ASCII.test(text)) return text;
  if (columns === Number.POSITIVE_INFINITY) return text;
  if (columns <= 0) return '';
  let kept = '';
  let width = 0;
  // Where … goes, should the text turn out to be longer.
  let room = '';
  for (const { segment } of segmentsOf(text)) {
    width += widthOfSegment(segment);
    if (width > columns) return `${room}…`;
    kept += segment;
    if (width <= columns - 1) room = kept;
  }
  return text;
}

/** Fills text up with spaces to so many columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}
