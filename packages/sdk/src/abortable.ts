import { setMaxListeners } from 'node:events';

/**
 * What the work comes to, or the signal's reason as soon as it is aborted; work that nobody waits for any more goes on
 * unheard. Leaves no listener behind.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  allowMany(signal);
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** One signal may end any number of calls; Node.js would warn of a leak from the eleventh. */
export function allowMany(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // Not Node's own, such as that of a simulated browser: nothing warns of it.
  }
}
