import { boundedText } from './bounded-text.js';
import { withoutPatterns } from './secret-patterns.js';

/** Bytes of an error that are kept. */
const ERROR_LIMIT = 4000;
/** Characters beyond the limit that are looked at: a password that goes over it must not be half shown. */
const BEYOND = 4000;

/** The message of whatever was thrown, whole: also of what is no error, has no text, or fails when it is asked for it. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that has no text';
  }
}

/** The error's text as it may be kept: bounded, storable, without keys and the password of any URL. */
export function textOf(error: unknown): string {
  const near = messageOf(error).slice(0, ERROR_LIMIT + BEYOND);
  return boundedText(withoutPatterns(near), { maxBytes: ERROR_LIMIT });
}
