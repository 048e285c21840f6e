/** Whatever its value looks like, a variable of such a name is a secret. */
const SECRET_NAME = /token|passw|passphrase|secret|key|credential|auth|cookie|session|private|salt|dsn|webhook/i;
/** Variables that say where and how a program runs. Their values are in every log, and taking them out would blot it. */
const PUBLIC_NAME =
  /^(?:PATH|HOME|PWD|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_\w{1,20}|TMPDIR|EDITOR|PAGER|NODE_ENV|NODE_OPTIONS)$|_(?:DIR|PATH|HOME|FILE|MODEL|REGION|LEVEL|LOCALE|ENV|MODE|VERSION)$/i;
/** A word, a number or a yes: `production`, `300000`. */
const ORDINARY_VALUE = /^(?:[A-Za-z]{1,16}|[\d._]{1,12})$/;
/** Characters of the path of an address: more may be a secret, as in the URL of a webhook. */
const LONGEST_PATH = 16;

/**
 * Whether a plain value that an operator gives to a program is treated as a secret. Yes, unless it is known to be none:
 * by a name that says where and how a program runs, or since it is an ordinary word, a number, or the address of
 * a server without a user, a query and a long path. A name such as `…_TOKEN` or `…_KEY` always makes it a secret.
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
