import { execa } from 'execa';

/** Of util-linux; busybox's knows no --pdeathsig. */
const SETPRIV = 'setpriv';

let supported: Promise<boolean> | undefined;

/** The command, run such that the kernel kills it when this process dies; unchanged where setpriv cannot do that. */
export async function diesWithParent(command: readonly string[]): Promise<readonly string[]> {
  const prefix = [SETPRIV, '--pdeathsig', 'SIGKILL', '--'];
  supported ??= execa(SETPRIV, [...prefix.slice(1), 'true'], { reject: false, stdio: 'ignore' }).then(
    (result) => result.exitCode === 0,
  );
  return (await supported) ? [...prefix, ...command] : command;
}
