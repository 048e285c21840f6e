import { isUtf8 } from 'node:buffer';

/** The text of a JSON document, without a byte order mark; undefined where the bytes are not UTF-8. */
export function jsonText(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
