import { execa } from 'execa';

let supported: Promise<boolean> | undefined;

/** The command, run such that the kernel kills it when this process dies; unchanged where setpriv cannot do that. */
export async function diesWithParent(command: readonly string[]): Promise<readonly string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'SIGKILL', '--'];
  supported ??= execa('setpriv', [...prefix.slice(1), 'true'], { reject: false, stdio: 'ignore' }).then(
    (result) => result.exitCode === 0,
  );
  return (await supported) ? [...prefix, ...command] : command;
}
