/** What a logger must offer; a pino logger fits. */
export interface Logger {
  debug(bindings: object, message: string): void;
  info(bindings: object, message: string): void;
  warn(bindings: object, message: string): void;
  error(bindings: object, message: string): void;
}

const nothing = () => undefined;

/** A logger that says nothing. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const roots = new WeakMap<Logger, Logger>();

/** The same logger with these bindings in every object. */
export function withBindings(logger: Logger, bindings: object): Logger {
  const bound: Logger = {
    debug: (more, message) => logger.debug({ ...bindings, ...more }, message),
    info: (more, message) => logger.info({ ...bindings, ...more }, message),
    warn: (more, message) => logger.warn({ ...bindings, ...more }, message),
    error: (more, message) => logger.error({ ...bindings, ...more }, message),
  };
  roots.set(bound, rootOf(logger));
  return bound;
}

/** The logger that bindings were added to. */
export function rootOf(logger: Logger): Logger {
  return roots.get(logger) ?? logger;
}
