import { storableText } from '@codegen/contracts/storable';

export interface Bounds {
  /** Bytes of UTF-8 to keep, including the `[cut]` mark. */
  readonly maxBytes: number;
  /** Which part to keep; the start by default. */
  readonly keep?: 'start' | 'end';
}

const MARK = '[cut]';

/**
 * Makes a text from outside safe to store: replaces characters that databases refuse, and bytes that are not UTF-8, by
 * U+FFFD; cuts a longer text between two characters and puts `[cut]` there. Its time depends on the limit, not on the text.
 */
export function boundedText(outside: string | Buffer, { maxBytes, keep = 'start' }: Bounds): string {
  // A character of UTF-16 takes at least one byte, so what lies beyond cannot be kept.
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

/** Whether a byte of UTF-8 continues the character before it. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
