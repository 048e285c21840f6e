import { constants } from 'node:os';
import { isatty } from 'node:tty';

type EndSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

const terminals = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * Listens for signals that ask this process to end. A signal that was ignored at the start (`nohup`, a background job of a
 * script) stays ignored. Node resets these and does not report them, so bin/* pass the kernel's mask as IGNORED_SIGNALS.
 */
export function onEndSignals(
  signals: readonly EndSignal[],
  listener: (signal: EndSignal) => void,
  { IGNORED_SIGNALS: mask = '' }: NodeJS.ProcessEnv = process.env,
): void {
  const ignored = /^[\da-f]{1,16}$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
  for (const signal of signals) {
    const isIgnored = (ignored >> BigInt(constants.signals[signal] - 1)) & 1n;
    process.on(signal, () => {
      if (!isIgnored) listener(signal);
    });
  }
}

/** Ends the process; by SIGHUP if its terminal was closed: Node resets the terminal at exit, and would abort. */
export function exitProcess(code: number): never {
  if (!terminals.every((fd) => isatty(fd))) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exit(code);
}
