/** A variable with such a name is a secret, whatever its value. */
const SECRET_NAME = /token|passw|passphrase|secret|key|credential|auth|cookie|session|private|salt|dsn|webhook/i;
/** Variables about where and how a program runs. Every log contains their values, so redacting them would spoil it. */
const PUBLIC_NAME =
  /^(?:PATH|HOME|PWD|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_\w{1,20}|TMPDIR|EDITOR|PAGER|NODE_ENV|NODE_OPTIONS)$|_(?:DIR|PATH|HOME|FILE|MODEL|REGION|LEVEL|LOCALE|ENV|MODE|VERSION)$/i;
/** A word or a number: `production`, `300000`. */
const ORDINARY_VALUE = /^(?:[A-Za-z]{1,16}|[\d._]{1,12})$/;
/** Longest public path of an address: a longer one may be a secret, as in the URL of a webhook. */
const LONGEST_PATH = 16;

/**
 * Whether to treat an operator's variable as a secret. True by default; false if its name is about where and how a program
 * runs, or its value is an ordinary word, a number, or a server's address without user, query and long path. A name such as
 * `…_TOKEN` or `…_KEY` always makes it a secret.
 */
export function isSecretVariable(name: string, value: string): boolean {
  if (SECRET_NAME.test(name)) return true;
  return !PUBLIC_NAME.test(name) && !ORDINARY_VALUE.test(value) && !isPublicAddress(value);
}

function isPublicAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { host, username, password, pathname, search, hash } = new URL(value);
  return host !== '' && `${username}${password}${search}${hash}` === '' && pathname.length <= LONGEST_PATH;
}
