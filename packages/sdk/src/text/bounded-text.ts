import { storableText } from '@codegen/contracts/storable';

export interface Bounds {
  /** Bytes of UTF-8 that are kept, the mark of the cut included. */
  readonly maxBytes: number;
  /** Which part is kept; the beginning, unless told otherwise. */
  readonly keep?: 'start' | 'end';
}

const MARK = '[cut]';

/**
 * A text from outside as it may be kept: what no database can hold is replaced by U+FFFD, and so are bytes that are no
 * UTF-8; what is longer than its limit is cut between two characters, with `[cut]` where the rest was. Takes time
 * by the limit, not by the text.
 */
export function boundedText(outside: string | Buffer, { maxBytes, keep = 'start' }: Bounds): string {
  // A character of UTF-16 takes a byte at least, so what lies beyond that many cannot be kept.
  const room = maxBytes + 4;
  const isLong = outside.length > room;
  const near = isLong ? (keep === 'start' ? outside.slice(0, room) : outside.slice(-room)) : outside;
  const text = storableText(near.toString());
  const bytes = Buffer.from(text);
  if (!isLong && bytes.length <= maxBytes) return text;
  const most = Math.max(0, maxBytes - MARK.length - 1);
  if (keep === 'start') {
    let end = Math.min(most, bytes.length);
    while (end > 0 && isInside(bytes[end])) end -= 1;
    return `${bytes.subarray(0, end).toString()} ${MARK}`;
  }
  let start = Math.max(0, bytes.length - most);
  while (start < bytes.length && isInside(bytes[start])) start += 1;
  return `${MARK} ${bytes.subarray(start).toString()}`;
}

/** Whether a byte of UTF-8 goes on with the character before it. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
