import { resolve } from 'node:path';
import {
  type Environment,
  readAll,
  readApi,
  readRedisUrl,
  readText,
  readWholeNumber,
  type ServiceReach,
} from '@codegen/sdk/service';

export interface InfraServiceConfig {
  /** Releases and what is known of them; one infra-service at a time. */
  readonly releasesDir: string;
  /** The folder of the bare repositories: a `clone_url` that is a path leads to one in it. */
  readonly reposDir: string;
  /** Address at which this machine serves its allocated ports. */
  readonly host: string;
  /** For `env:` references, PATH, and what npm needs to reach a registry; this process' own by default. */
  readonly environment?: Environment;
  /** How long a release may take to become healthy; 30 s by default. */
  readonly healthTimeoutMs?: number | undefined;
  /** 5 min by default. */
  readonly installTimeoutMs?: number | undefined;
  /** How long requests may take to finish on a replaced release; 10 s by default. */
  readonly drainMs?: number;
  /** Between SIGTERM and SIGKILL; 5 s by default. */
  readonly stopGraceMs?: number | undefined;
  /** After how long a release that does nothing is 504 to its clients; 15 min by default. */
  readonly releaseIdleMs?: number | undefined;
  /** After how long another instance takes over the deploys of one that died; 30 s by default. */
  readonly leaseMs?: number | undefined;
}

/** Variables of this service's own: no `env:` reference gives them away, whatever the operator lists. */
const PRIVATE = /^(API_TOKEN|REDIS_URL|DATABASE_URL|VAULT_KEY|ADMIN_TOKEN)(_FILE)?$/;
const INSTALL = /^(https?_proxy|no_proxy|node_extra_ca_certs|npm_config_(registry|cafile))$/i;

/**
 * Reads the configuration.
 * @throws naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): InfraServiceConfig & ServiceReach {
  const readMs = (name: string) => () => readWholeNumber(env, name, { min: 1 });
  return {
    ...readAll({
      redisUrl: () => readRedisUrl(env),
      api: () => readApi(env),
      releasesDir: () => resolve(readText(env, 'RELEASES_DIR', 'the folder for releases')),
      reposDir: () => resolve(readText(env, 'REPOS_DIR', 'the folder with the bare repositories')),
      healthTimeoutMs: readMs('HEALTH_TIMEOUT_MS'),
      installTimeoutMs: readMs('INSTALL_TIMEOUT_MS'),
      stopGraceMs: readMs('STOP_GRACE_MS'),
      releaseIdleMs: readMs('RELEASE_IDLE_MS'),
      leaseMs: readMs('LEASE_MS'),
    }),
    host: env.HOST || '127.0.0.1',
    environment: env,
  };
}

/** The parts of an environment that are for releases and installs; all others stay here. */
export function splitEnvironment(env: Environment = process.env) {
  // A message may come from anybody who reaches Redis: what it may refer to is the operator's to say.
  const open = new Set((env.DEPLOY_ENV_ALLOWLIST ?? '').split(/[\s,]+/));
  const entries = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return {
    path: env.PATH || '/usr/local/bin:/usr/bin:/bin',
    install: Object.fromEntries(entries.filter(([name]) => INSTALL.test(name))),
    referable: Object.fromEntries(entries.filter(([name]) => open.has(name) && !PRIVATE.test(name))),
  };
}
