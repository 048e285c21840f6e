import { boundedText } from './bounded-text.js';
import { withoutPatterns } from './secret-patterns.js';

/** Bytes to keep of an error. */
const ERROR_LIMIT = 4000;
/** Characters beyond the limit to search for secrets: a password across the limit must not be half shown. */
const BEYOND = 4000;

/** The whole message of any thrown value, also of one that is not an error or throws when it is converted to text. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'an error without a text';
  }
}

/** The error's text, safe to store: bounded, without API keys and passwords in URLs. */
export function textOf(error: unknown): string {
  const near = messageOf(error).slice(0, ERROR_LIMIT + BEYOND);
  return boundedText(withoutPatterns(near), { maxBytes: ERROR_LIMIT });
}
