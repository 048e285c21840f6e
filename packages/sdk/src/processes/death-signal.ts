import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

const STANDARD_FOLDERS = ['/usr/bin', '/bin'];

let setpriv: Promise<string | undefined> | undefined;

/**
 * The prefix for a command's argv with which the kernel sends it this signal when this process dies. Empty without the
 * `setpriv` of util-linux (Linux only; busybox's cannot do it).
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

/** Tries it. If it could not be started (the machine is out of processes, say), assume that it can. */
function canSetDeathSignal(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--pdeathsig', 'SIGTERM', '--', program, '--version'], (error) => {
      resolve(typeof error?.code !== 'number');
    });
  });
}
