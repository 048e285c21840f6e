export { access } from './access.js';
export { makeApiKeySecret } from './auth.js';
export { readConfig, userCacheFolder } from './config.js';
export type { DatabaseConfig } from './database/open.js';
export { type OpenedPglite, openPglite } from './database/open-pglite.js';
export type { DatabasePool } from './database/pglite-pool.js';
export type { Logger } from './logger.js';
export { type Seed, seedKeysOf } from './seed.js';
export { type ApiConfig, type RunningApi, startApi } from './start-api.js';
