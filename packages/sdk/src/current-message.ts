import { AsyncLocalStorage } from 'node:async_hooks';

/** What is being handled, under the names that log lines and messages use. */
export interface CurrentMessage {
  /** Undefined for a message whose contract has none. */
  readonly correlation_id: string | undefined;
  readonly request_id?: string | undefined;
  readonly entry_id?: string;
  readonly stream?: string;
}

const storage = new AsyncLocalStorage<CurrentMessage>();

/**
 * The message whose handler this runs in, also in what the handler awaits and in its timers; inside `withCorrelation`
 * the correlation id alone. Undefined anywhere else.
 */
export function currentMessage(): CurrentMessage | undefined {
  return storage.getStore();
}

/**
 * Runs work that goes on outside of a handler under a correlation id: `publish` hands it on, and the lines of
 * `createLogger` say it. Replaces whatever was current.
 */
export function withCorrelation<T>(correlationId: string, work: () => T): T {
  return storage.run({ correlation_id: correlationId }, work);
}

/** Runs the handling of a message, so that it is the current one. */
export function handling<T>(message: CurrentMessage, work: () => T): T {
  return storage.run(message, work);
}
