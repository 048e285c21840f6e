/** Replaces a secret. */
export const REDACTED = '[redacted]';

/** Linear: the part between the two underscores contains none. */
const API_KEY = /cgk_[A-Za-z0-9]+_[A-Za-z0-9_-]+/g;
const WORD = /\w/;
/** Ends the authority of a URL. */
const AFTER_AUTHORITY = /[\s/?#"'`<>\\]/g;
/** A user name of this length without a password counts as a token, as in `https://ghp_…@github.com`. */
const TOKEN_LENGTH = 20;

/** Replaces secrets that are known by their form: passwords and tokens in URLs, API keys. Linear. */
export function withoutPatterns(text: string): string {
  return withoutUrlPasswords(text).replace(API_KEY, REDACTED);
}

/** Goes from one `://` to the next; an authority contains no slash, so each character is read once. */
function withoutUrlPasswords(text: string): string {
  let clean = '';
  let shown = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    if (at === 0 || !WORD.test(text[at - 1] as string)) continue;
    const start = at + 3;
    AFTER_AUTHORITY.lastIndex = start;
    const end = AFTER_AUTHORITY.exec(text)?.index ?? text.length;
    const authority = text.slice(start, end);
    const host = authority.lastIndexOf('@');
    const colon = authority.slice(0, Math.max(0, host)).indexOf(':');
    if (host - (colon + 1) < (colon < 0 ? TOKEN_LENGTH : 1)) continue;
    clean += text.slice(shown, start + colon + 1) + REDACTED;
    shown = start + host;
  }
  return shown === 0 ? text : clean + text.slice(shown);
}
