import { OrchestratorError } from '@codegen/sdk/errors';
import { exitProcess, onEndSignals } from '@codegen/sdk/processes';

/** Milliseconds a command has to end by itself after the first signal, unless it asks for more. */
const GRACE_MS = 500;

/** The process's signals, as an AbortSignal for commands and a rejection for whoever waits for them. */
export interface Interruption {
  signal: AbortSignal;
  /** Rejects a little after the signal, should the command not end by itself. Never resolves. */
  forced: Promise<never>;
  /** Stops everything as a signal would. */
  stop(error: OrchestratorError): void;
  /** Gives the command so many milliseconds to end by itself. */
  takeTimeToEnd(ms: number): void;
}

/** Listens for SIGINT, SIGTERM and SIGHUP, but for those that were ignored at the start. The second one ends the process at once. */
export function listenForSignals(): Interruption {
  const controller = new AbortController();
  let force: (error: OrchestratorError) => void = () => undefined;
  const forced = new Promise<never>((_, reject) => {
    force = reject;
  });
  forced.catch(() => undefined);
  let graceMs = GRACE_MS;
  const takeTimeToEnd = (ms: number) => {
    graceMs = ms;
  };
  const stop = (error: OrchestratorError) => {
    // What goes wrong while it stops has no say in how it ends.
    if (controller.signal.aborted) return;
    controller.abort(error);
    setTimeout(() => force(error), graceMs);
  };
  onEndSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
    const isCtrlC = signal === 'SIGINT';
    const error = new OrchestratorError(
      isCtrlC ? 'INTERRUPTED' : 'TERMINATED',
      isCtrlC ? 'interrupted' : `ended by ${signal}`,
    );
    if (controller.signal.aborted) exitProcess(error.exitCode);
    stop(error);
  });
  return { signal: controller.signal, forced, stop, takeTimeToEnd };
}
