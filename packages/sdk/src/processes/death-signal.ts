import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

const STANDARD_FOLDERS = ['/usr/bin', '/bin'];

let setpriv: Promise<string | undefined> | undefined;

/**
 * What to put before a command's argv, so that the kernel sends it this signal when this process dies. Empty where the
 * system has no `setpriv` that can do that (busybox's cannot; it is of util-linux, for Linux).
 */
export async function deathSignalPrefix(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly string[]> {
  setpriv ??= findSetpriv();
  const program = await setpriv;
  return program ? [program, '--pdeathsig', signal, '--'] : [];
}

async function findSetpriv(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(isAbsolute), ...STANDARD_FOLDERS];
  for (const program of folders.map((folder) => join(folder, 'setpriv'))) {
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere && (await canSetDeathSignal(program))) return program;
  }
  return undefined;
}

/** Tries it. A try that could not be made, as where the machine is out of processes, does not speak against it. */
function canSetDeathSignal(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--pdeathsig', 'SIGTERM', '--', program, '--version'], (error) => {
      resolve(typeof error?.code !== 'number');
    });
  });
}
