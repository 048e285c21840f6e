import { isAbsolute, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PermanentError } from '../errors.js';

/** What a user name and a host are made of. None begins with a dash: ssh would take that for an option. */
const ADDRESS = /^(?:[\w][\w.-]*@)?[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d{1,5})?$/i;

/**
 * What to give to git for a `clone_url`: the path of a repository in `reposDir`, or a URL of https or ssh. A message may come from
 * anybody who reaches Redis, so nothing else is taken: no other transport (`ext::` runs a program), no option, no path outside,
 * no password.
 * @throws {PermanentError} saying what is taken; it does not repeat the URL, which may hold a secret
 */
export function cloneSource(cloneUrl: string, reposDir: string): string {
  const scheme = /^([^/]*?):/.exec(cloneUrl)?.[1]?.toLowerCase();
  if (!/[\0-\x20\x7f\\]/.test(cloneUrl)) {
    if (scheme === undefined || scheme === 'file') {
      const path = pathOf(cloneUrl, reposDir);
      if (path !== undefined) return path;
    } else if (scheme === 'https' || scheme === 'ssh') {
      const [, address = '', rest = ''] = /^[a-z]+:\/\/([^/]*)(\/.*)$/i.exec(cloneUrl) ?? [];
      const isLogin = scheme === 'https' && address.includes('@');
      if (ADDRESS.test(address) && !isLogin && /^\/[\w~]/.test(rest) && !/[?#]/.test(rest)) return cloneUrl;
    }
  }
  throw new PermanentError(
    'clone_url must be a path in the folder of repositories, https://HOST/PATH without a login, or ssh://[USER@]HOST/PATH',
  );
}

/** Undefined where it is no path inside the folder. */
function pathOf(cloneUrl: string, reposDir: string): string | undefined {
  if (cloneUrl.startsWith('-')) return undefined;
  let path = cloneUrl;
  if (/^file:/i.test(cloneUrl)) {
    try {
      path = fileURLToPath(cloneUrl);
    } catch {
      return undefined;
    }
  }
  const folder = resolve(reposDir);
  const inside = relative(folder, resolve(folder, path));
  const leaves = inside === '' || inside === '..' || inside.startsWith('../') || isAbsolute(inside);
  return leaves || inside.includes('\0') ? undefined : resolve(folder, inside);
}
