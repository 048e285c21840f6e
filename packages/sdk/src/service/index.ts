export { createLogger, logDestination, readLogLevel } from './create-logger.js';
export { type Needed, sayAway, sayBack } from './outage-log.js';
export { readApi, readRedisUrl } from './read-addresses.js';
export {
  type Environment,
  readAll,
  readChoice,
  readLater,
  readText,
  readUrl,
  readWholeNumber,
} from './read-environment.js';
export { readNamedFile, readSecret } from './read-secret.js';
export { inRequestSpan, type TracedRequest } from './request-span.js';
export { endOnUncaught, givenEnvironment, runService, type ServiceProgram } from './run-service.js';
export {
  type ServiceKit,
  type ServiceParts,
  type ServiceReach,
  type ServiceSettings,
  type StartedService,
  startService,
} from './service-kit.js';
export { startTelemetry } from './start-telemetry.js';
