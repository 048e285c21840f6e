import { isAbsolute, resolve } from 'node:path';
import type { RetryPolicies } from '@codegen/sdk/consumer';
import { type Environment, readAll, readApi, readRedisUrl, readText, type ServiceReach } from '@codegen/sdk/service';

export interface ScaffolderConfig {
  /** The folder of the bare repositories. */
  readonly reposDir: string;
  /** A Copier template. */
  readonly templateDir: string;
  /** Name or path of Copier; "copier" by default, false for the built-in renderer alone. */
  readonly copier?: string | false;
  /** Milliseconds until a dead scaffolder's messages are taken over. */
  readonly leaseMs?: number;
  readonly retry?: RetryPolicies;
}

/** Reads the configuration. Throws an error that names the variable when one is missing or wrong. */
export function readConfig(env: Environment): ScaffolderConfig & ServiceReach {
  return {
    ...readAll({
      redisUrl: () => readRedisUrl(env),
      api: () => readApi(env),
      reposDir: () => readFolder(env, 'REPOS_DIR', 'the folder of the bare repositories'),
      templateDir: () => readFolder(env, 'TEMPLATE_DIR', 'the folder of a Copier template'),
    }),
    ...(env.COPIER ? { copier: readCopier(env.COPIER) } : {}),
  };
}

/** What the programs that it runs get of this process's environment: nothing secret, no repository or setting of git. */
export function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function readCopier(value: string): string | false {
  if (value === 'none') return false;
  return value.includes('/') ? resolve(value) : value;
}

function readFolder(env: Environment, name: string, what: string): string {
  const value = readText(env, name, what);
  if (!isAbsolute(value)) throw new Error(`${name} is "${value}"; it must be an absolute path.`);
  return value;
}
