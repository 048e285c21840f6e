import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHECK = 'import sys, pydantic; sys.exit(sys.version_info < (3, 11) or not pydantic.VERSION.startswith("2."))';

/** A Python 3.11 with Pydantic 2: the one of bin/set-up, or the one on the PATH; undefined without both. */
export const python: string | undefined = [
  fileURLToPath(new URL('../../.tsbuild/python/bin/python', import.meta.url)),
  'python3',
].find((command) => {
  try {
    execFileSync(command, ['-c', CHECK], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
