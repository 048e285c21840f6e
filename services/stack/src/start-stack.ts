import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeApiKeySecret, openPglite, seedKeysOf, startApi } from '@codegen/api';
import type { ServiceName } from '@codegen/contracts';
import { langgraph } from '@codegen/langgraph';
import { scaffolder } from '@codegen/scaffolder';
import { scheduler } from '@codegen/scheduler';
import { createApi } from '@codegen/sdk/api';
import type { RunningService } from '@codegen/sdk/consumer';
import { OrchestratorError } from '@codegen/sdk/errors';
import { type ProcessIdentity, thisProcess } from '@codegen/sdk/processes';
import type { Logger } from '@codegen/sdk/queue';
import { type ServiceParts, startService } from '@codegen/sdk/service';
import { workerManager } from '@codegen/worker-manager';
import type { StackConfig } from './config.js';
import { openDataFolder } from './data-folder.js';
import { ensureSecretFile, issuePersonKey, newServiceKeys, type PersonRole } from './keys.js';
import { launchInfraService } from './start-infra-service.js';
import { startRedis } from './start-redis.js';

/** A running system. */
export interface RunningStack {
  readonly apiUrl: string;
  readonly redisUrl: string;
  /** An API key for this machine's user: the kept one, if it is still valid. */
  issuePersonKey(which: { role: PersonRole; kept: string | undefined }): Promise<string>;
  stop(): Promise<void>;
  /** Rejects when a service fails for good. */
  readonly done: Promise<never>;
}

/** Returns the logger of a service. */
export type LoggerFor = (service: string) => Logger;

const HOST = '127.0.0.1';
/** A data folder has one stack at a time, so a fixed name is safe: after a kill, its consumers reclaim their messages at once. */
const INSTANCE = 'stack';

/**
 * Starts everything on one data folder: redis-server, PGlite, the API, then the services; redis-server and infra-service
 * as separate processes, the rest in this one. If a part fails, stops the started ones, last first. `owner` holds the
 * folder's lock: this process, or the parent that restarts it.
 * @throws OrchestratorError DATA_FOLDER_LOCKED, REDIS_UNAVAILABLE, or the error of the part that failed
 */
export async function startStack(
  config: StackConfig,
  loggerFor: LoggerFor,
  owner: ProcessIdentity = thisProcess(),
): Promise<RunningStack> {
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopPart of started.splice(0).reverse()) {
      await stopPart().catch((error: unknown) =>
        loggerFor('stack').error({ error: String(error) }, 'a part did not stop'),
      );
    }
  };
  const keep = async <T extends RunningService>(part: Promise<T>): Promise<T> => {
    const running = await part;
    started.push(() => running.stop());
    return running;
  };
  try {
    const folder = await openDataFolder(config.dataDir, owner);
    started.push(() => folder.unlock());
    const infraService = await keep(
      launchInfraService({
        environment: config.environment,
        logFile: join(folder.logs, 'stack.log'),
        runFolder: folder.run,
        logger: loggerFor('infra-service'),
      }),
    );
    const redis = await keep(startRedis(folder, loggerFor('redis')));
    const database = await openPglite(folder.db, { cacheFolder: config.cacheFolder });
    started.push(() => database.close());
    // The API stores its hash; each start makes a new one.
    const adminToken = makeApiKeySecret();
    // Only in memory, so that no file contains one; those of the last start end.
    const keys = newServiceKeys();
    const vaultKey = await ensureSecretFile(join(folder.keys, 'vault'), () => randomBytes(32).toString('base64'));
    const api = await keep(
      startApi({
        host: HOST,
        port: await choosePort(config, folder.run),
        database: { pool: database.pool },
        adminToken,
        seed: { service_keys: seedKeysOf(keys) },
        masterKey: Buffer.from(vaultKey, 'base64'),
        logger: loggerFor('api'),
      }).catch((error: unknown) => {
        throw portError(error, config.port);
      }),
    );
    const admin = createApi({ apiUrl: api.url, token: adminToken });
    await admin.servers.put('local', { ip: HOST, port_from: config.deployPorts.from, port_to: config.deployPorts.to });

    const apiFor = (service: ServiceName) => ({ url: api.url, token: keys[service] });
    const redisUrl = redis.url;
    /** Settings that all services have. */
    const common = { redisUrl, instance: INSTANCE, announce: true };
    const start = <C extends object>(parts: ServiceParts<C>, config: C) =>
      startService(parts, {
        ...config,
        ...common,
        api: apiFor(parts.name as ServiceName),
        logger: loggerFor(parts.name),
      });
    const services = await Promise.allSettled([
      start(workerManager, {
        redisUrl,
        api: apiFor('worker-manager'),
        workersDir: folder.workers,
        reposDir: folder.repos,
        agents: config.agents,
        openVariables: config.openVariables,
        ...(config.terminateGraceMs !== undefined && { terminateGraceMs: config.terminateGraceMs }),
      }),
      infraService.begin({
        redisUrl,
        api: apiFor('infra-service'),
        instance: INSTANCE,
        releasesDir: folder.releases,
        reposDir: folder.repos,
        host: HOST,
        healthTimeoutMs: config.healthTimeoutMs,
        logLevel: config.logLevel,
      }),
      start(scaffolder, { reposDir: folder.repos, templateDir: config.templateDir }),
      start(scheduler, {}),
      start(langgraph, {
        database: { pool: database.pool },
        developer: { agent: 'custom', agentConfig: config.agent, turnTimeoutSeconds: config.turnTimeoutSeconds },
        tester: { agentConfig: 'project-tests', turnTimeoutSeconds: config.turnTimeoutSeconds },
      }),
    ]);
    // They depend on each other through queues only, so they stop at the same time.
    started.push(async () => {
      await Promise.all(services.map((one) => one.status === 'fulfilled' && one.value.stop()));
    });
    for (const one of services) if (one.status === 'rejected') throw one.reason;
    const done = new Promise<never>((_, reject) => {
      for (const one of services) {
        if (one.status === 'fulfilled' && 'done' in one.value) one.value.done.catch(reject);
      }
    });
    done.catch(() => undefined);
    const card = join(folder.run, 'stack.json');
    await writeFile(`${card}.new`, JSON.stringify({ pid: owner.pid, api_url: api.url }), { mode: 0o600 });
    await rename(`${card}.new`, card);
    started.push(() => rm(card, { force: true }));
    return {
      apiUrl: api.url,
      redisUrl,
      issuePersonKey: (which) => issuePersonKey(admin, api.url, folder.run, which),
      stop,
      done,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Explains why the API cannot listen on the port of --port; returns other errors unchanged. */
function portError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  const why = code === 'EACCES' ? 'may not be used by this account' : 'is in use by another program';
  return new OrchestratorError('USAGE', `the port ${port} (--port) ${why}: use another one, or omit --port`, {
    cause: error,
  });
}

/** The API's port: that of --port, else that of the last start, so that clients can keep the URL. */
async function choosePort(config: StackConfig, runFolder: string): Promise<number> {
  if (config.port !== 0) return config.port;
  const path = join(runFolder, 'api-port');
  const last = Number(await ensureSecretFile(path, () => '0'));
  const port = (await listenBriefly(last)) ?? (await listenBriefly(0)) ?? 0;
  await writeFile(path, `${port}\n`, { mode: 0o600 });
  return port;
}

/** Listens for a moment; returns the port, or undefined if it is in use. */
function listenBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
