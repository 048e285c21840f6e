import { setMaxListeners } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { buildApp } from './app.js';
import { Changes } from './changes.js';
import { type ConditionKinds, conditionKinds } from './conditions.js';
import { type DatabaseConfig, openDatabase } from './database/open.js';
import { forgetOldKeys } from './idempotency.js';
import type { Limits } from './limits.js';
import { type Logger, silentLogger } from './logger.js';
import { migrate } from './migrations/migrate.js';
import type { Seed } from './seed.js';
import { ensureAdmin, ensureSeed } from './store/ensure-admin.js';
import { checkVault, createVault, readMasterKeyFile } from './vault.js';

export type ApiConfig = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly database: DatabaseConfig;
  /** Opens everything; its key is made at boot. See `makeApiKeySecret`. */
  readonly adminToken?: string | undefined;
  /** Keys of services and servers that have to be there. */
  readonly seed?: Seed | undefined;
  /** What tasks may wait for; see `conditionKinds`. */
  readonly conditions?: ConditionKinds | undefined;
  readonly logger?: Logger | undefined;
  /** What one client may cost; see `defaultLimits`. */
  readonly limits?: Limits | undefined;
} & ({ readonly masterKey: Buffer } | { readonly masterKeyFile: string });

export interface RunningApi {
  /** Where it listens, such as http://127.0.0.1:8000 */
  readonly url: string;
  /** Rejects while the database does not answer. */
  check(): Promise<void>;
  /** Answers what is under way, ends long polls, closes what it opened. */
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const STOP_DEADLINE_MS = 5000;

/** Opens the database, brings its tables up to date and serves. */
export async function startApi(config: ApiConfig): Promise<RunningApi> {
  const logger = config.logger ?? silentLogger;
  const masterKey = 'masterKey' in config ? config.masterKey : await readMasterKeyFile(config.masterKeyFile);
  const vault = createVault(masterKey);
  const { db, close } = await openDatabase(config.database, logger);
  const stopping = new AbortController();
  // Every long poll that is open listens.
  setMaxListeners(0, stopping.signal);
  let app: FastifyInstance | undefined;
  try {
    await migrate(db, async (trx) => {
      await checkVault(trx, vault);
      if (config.adminToken !== undefined) await ensureAdmin(trx, config.adminToken);
      if (config.seed) await ensureSeed(trx, config.seed);
    });
    const { conditions = conditionKinds, limits } = config;
    const changes = new Changes();
    app = await buildApp({ db, vault, changes, conditions, logger, stopping: stopping.signal }, limits);
    const url = await app.listen({ host: config.host, port: config.port });
    logger.info({ url }, 'the API listens');
    // Such as too many open files: it concerns one connection. Unheard, the event would end the process.
    app.server.on('error', (error) => logger.error({ err: error.message }, 'a connection was not taken'));
    const cleaning = setInterval(() => {
      forgetOldKeys(db).catch((error: Error) => logger.warn({ err: error.message }, 'old keys were not forgotten'));
    }, HOUR_MS);
    cleaning.unref();
    const server = app;
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        clearInterval(cleaning);
        stopping.abort();
        // A connection whose last answer goes out while closing stays open for its next request: look again.
        const sweep = setInterval(() => server.server.closeIdleConnections(), 20);
        // A client that does not read its answer must not keep the process.
        const force = setTimeout(() => server.server.closeAllConnections(), STOP_DEADLINE_MS);
        await server.close().finally(() => {
          clearInterval(sweep);
          clearTimeout(force);
        });
        await close();
      })();
      return stopped;
    };
    const check = async () => {
      await sql`select 1`.execute(db);
    };
    return { url, check, stop };
  } catch (error) {
    await app?.close();
    await close();
    throw error;
  }
}
