import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from '@codegen/sdk/queue';

export interface InfraServiceConfig {
  readonly redisUrl: string;
  readonly api: { readonly url: string; readonly token: string };
  /** Releases and what is known of them; one infra-service at a time. */
  readonly releasesDir: string;
  /** Bare repositories, `<owner>/<name>.git`. */
  readonly reposDir: string;
  /** Address at which this machine serves its allocated ports. */
  readonly host: string;
  /** Name of the consumer; unique per process. */
  readonly instance?: string;
  /** For `env:` references, PATH, and what npm needs to reach a registry; this process' own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How long a release may take to become healthy; 30 s by default. */
  readonly healthTimeoutMs?: number;
  /** 5 min by default. */
  readonly installTimeoutMs?: number;
  /** How long requests may take to finish on a replaced release; 10 s by default. */
  readonly drainMs?: number;
  /** Between SIGTERM and SIGKILL; 5 s by default. */
  readonly stopGraceMs?: number;
  /** After how long another instance takes over the deploys of one that died; 30 s by default. */
  readonly leaseMs?: number;
  readonly logger?: Logger;
}

/** Variables of this service's own: no `env:` reference gives them away. */
const PRIVATE = /^(API_TOKEN|REDIS_URL|DATABASE_URL|VAULT_KEY|ADMIN_TOKEN)(_FILE)?$/;
const INSTALL = /^(https?_proxy|no_proxy|node_extra_ca_certs|npm_config_(registry|cafile))$/i;

/**
 * Reads the configuration.
 * @throws naming the variable that is missing or wrong
 */
export function readConfig(env: NodeJS.ProcessEnv): InfraServiceConfig {
  return {
    redisUrl: url(env, 'REDIS_URL'),
    api: { url: url(env, 'API_URL'), token: secret(env, 'API_TOKEN') },
    releasesDir: resolve(required(env, 'RELEASES_DIR')),
    reposDir: resolve(required(env, 'REPOS_DIR')),
    host: env.HOST || '127.0.0.1',
    environment: env,
    ...number(env, 'HEALTH_TIMEOUT_MS', 'healthTimeoutMs'),
    ...number(env, 'INSTALL_TIMEOUT_MS', 'installTimeoutMs'),
    ...number(env, 'STOP_GRACE_MS', 'stopGraceMs'),
    ...number(env, 'LEASE_MS', 'leaseMs'),
  };
}

/** The parts of an environment that are for releases and installs; all others stay here. */
export function splitEnvironment(env: Readonly<Record<string, string | undefined>> = process.env) {
  const entries = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return {
    path: env.PATH || '/usr/local/bin:/usr/bin:/bin',
    install: Object.fromEntries(entries.filter(([name]) => INSTALL.test(name))),
    referable: Object.fromEntries(entries.filter(([name]) => !PRIVATE.test(name))),
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: see the README of infra-service`);
  return value;
}

function url(env: NodeJS.ProcessEnv, name: string): string {
  const value = required(env, name);
  // The value may hold a password: it is not repeated.
  if (!URL.canParse(value)) throw new Error(`${name} is not a URL`);
  return value;
}

function secret(env: NodeJS.ProcessEnv, name: string): string {
  const file = env[`${name}_FILE`];
  return file ? readFileSync(file, 'utf8').trim() : required(env, name);
}

function number<K extends string>(env: NodeJS.ProcessEnv, name: string, key: K): { [P in K]?: number } {
  const text = env[name];
  if (!text) return {};
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new Error(`${name} must be a whole number of milliseconds above 0`);
  return { [key]: value } as { [P in K]?: number };
}
