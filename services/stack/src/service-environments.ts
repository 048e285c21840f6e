import type { ServiceName } from '@codegen/contracts';
import type { InfraServiceConfig } from '@codegen/infra-service';
import type { ServiceReach } from '@codegen/sdk/service';
import type { StackConfig } from './config.js';

type OfInfraService = 'releasesDir' | 'reposDir' | 'host' | 'healthTimeoutMs';

/** Settings of infra-service. */
export interface InfraServiceSettings extends ServiceReach, Pick<InfraServiceConfig, OfInfraService> {
  readonly instance: string;
  readonly logLevel: string;
}

/** The variables that infra-service's main.ts reads. */
export function infraServiceEnvironment(settings: InfraServiceSettings): Record<string, string> {
  return {
    REDIS_URL: settings.redisUrl,
    API_URL: settings.api.url,
    API_TOKEN: settings.api.token,
    RELEASES_DIR: settings.releasesDir,
    REPOS_DIR: settings.reposDir,
    HOST: settings.host,
    INSTANCE: settings.instance,
    LOG_LEVEL: settings.logLevel,
    ...(settings.healthTimeoutMs && { HEALTH_TIMEOUT_MS: String(settings.healthTimeoutMs) }),
  };
}

/** A system whose services run as separate processes. */
export interface Place {
  readonly config: Pick<StackConfig, 'agent' | 'turnTimeoutSeconds' | 'templateDir' | 'logLevel' | 'healthTimeoutMs'>;
  /** Empty if the operator fills it in later. */
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Port of the API on loopback. */
  readonly port: number;
  /** Address of deployed projects. */
  readonly host: string;
  readonly keys: Readonly<Record<ServiceName, string>>;
  readonly files: Readonly<Record<'adminToken' | 'vaultKey' | 'seed' | 'agents', string>>;
  readonly folders: Readonly<Record<'repos' | 'workers' | 'releases', string>>;
  /** PATH of releases, agents and git hooks. */
  readonly path: string;
}

/** The processes of a system: the services and the API. */
export type ProcessName = ServiceName | 'api';

/** The variables that each service's main.ts reads. langgraph has no INSTANCE: it runs more than once. */
export function serviceEnvironments(place: Place): Record<ProcessName, Record<string, string>> {
  const { config, redisUrl, databaseUrl, port, host, keys, files, folders, path } = place;
  const url = `http://127.0.0.1:${port}`;
  const { logLevel } = config;
  const common = (service: ServiceName) => ({
    ...{ REDIS_URL: redisUrl, API_URL: url, API_TOKEN: keys[service], LOG_LEVEL: logLevel },
    ...(service !== 'langgraph' && { INSTANCE: service }),
  });
  const turnSeconds = config.turnTimeoutSeconds;
  return {
    api: {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      ADMIN_TOKEN_FILE: files.adminToken,
      VAULT_KEY_FILE: files.vaultKey,
      SEED_FILE: files.seed,
      LOG_LEVEL: logLevel,
    },
    langgraph: {
      ...common('langgraph'),
      DATABASE_URL: databaseUrl,
      DEVELOPER_AGENT: 'custom',
      DEVELOPER_AGENT_CONFIG: config.agent,
      TESTER_AGENT_CONFIG: 'project-tests',
      TURN_TIMEOUT: String(turnSeconds),
    },
    scaffolder: { ...common('scaffolder'), REPOS_DIR: folders.repos, TEMPLATE_DIR: config.templateDir, PATH: path },
    scheduler: common('scheduler'),
    'worker-manager': {
      ...common('worker-manager'),
      WORKERS_DIR: folders.workers,
      REPOS_DIR: folders.repos,
      AGENTS_FILE: files.agents,
      DRAIN_TIMEOUT: String(drainSeconds(turnSeconds)),
      PATH: path,
    },
    'infra-service': {
      ...infraServiceEnvironment({
        redisUrl,
        api: { url, token: keys['infra-service'] },
        releasesDir: folders.releases,
        reposDir: folders.repos,
        host,
        healthTimeoutMs: config.healthTimeoutMs,
        instance: 'infra-service',
        logLevel,
      }),
      PATH: path,
    },
  };
}

/** Longest time of a turn: its timeout, and one minute that is added to its deadline. */
export function drainSeconds(turnSeconds: number): number {
  return turnSeconds + 60;
}
