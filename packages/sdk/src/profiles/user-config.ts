import { chmod, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OrchestratorError } from '../errors.js';
import { FileError, homeFolder, makeFolder, parseFile, readRegularFile, writeFileBelow } from '../files/index.js';
import { paste } from '../paste.js';
import { LockedError, lockFile } from '../processes/index.js';

/** One system that the user works with. `redis_url` contains a password and is as secret as the token. */
export interface Profile {
  api_url: string;
  /** Missing before the user has logged in. */
  token?: string;
  /** Set if the token was an administrator's at the login. */
  admin?: true;
  /** The token's scopes at the login; missing if it may do everything. */
  scopes?: string[];
  redis_url?: string;
  /** The data folder of a system on this machine, which `down` stops. */
  data_dir?: string;
  /** The default project of commands. */
  project?: string;
}

export interface UserConfig {
  current_profile?: string;
  profiles?: Record<string, Profile>;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Milliseconds that a change waits for other changes, which take a few each. */
const PATIENCE_MS = 15_000;

/** ORCHESTRATOR_CONFIG_DIR, else `orchestrator` in the XDG configuration folder; undefined without a home. */
function configFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.ORCHESTRATOR_CONFIG_DIR) return env.ORCHESTRATOR_CONFIG_DIR;
  const home = homeFolder(env);
  const configs = env.XDG_CONFIG_HOME || (home && join(home, '.config'));
  return configs && join(configs, 'orchestrator');
}

/** @throws OrchestratorError USAGE if this account has no home folder and ORCHESTRATOR_CONFIG_DIR is not set */
export function configPath(env: NodeJS.ProcessEnv): string {
  const folder = configFolder(env);
  if (folder) return join(folder, 'config.json');
  throw new OrchestratorError('USAGE', 'this account has no home folder: set HOME or ORCHESTRATOR_CONFIG_DIR', {
    next: [
      {
        command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER',
        when: 'with a folder that you can write to; then run the command again',
      },
    ],
  });
}

/** Called by a login for an invalid configuration file; other commands fail. */
export type Mend = (path: string) => Promise<void> | void;

/**
 * Reads the user's configuration; empty if there is none. Adds a warning if others can read the file.
 * @throws OrchestratorError USAGE if the file cannot be read, or is invalid and no `mend` is given
 */
export async function readUserConfig(
  env: NodeJS.ProcessEnv,
  warnings: string[] = [],
  mend?: Mend,
): Promise<UserConfig> {
  // Without a folder there is no configuration.
  if (configFolder(env) === undefined) return {};
  const path = configPath(env);
  let text: string;
  try {
    // A link was made by the user.
    const limits = { mostBytes: MOST_BYTES, name: `the configuration ${path}`, links: 'follow' } as const;
    const bytes = await readRegularFile(path, limits);
    if (!bytes) return {};
    text = bytes.toString();
    const { mode, uid } = await stat(path);
    if ((mode & 0o077) !== 0) warnings.push(paste`${path} can be read by others; run: chmod 600 ${path}`);
    // The owner of the file decides where tokens are sent.
    const me = process.getuid?.() ?? uid;
    if (uid !== me)
      warnings.push(paste`${path} belongs to another user (${uid}); remove it, then run: orchestrator auth login`);
  } catch (error) {
    throw new OrchestratorError('USAGE', (error as Error).message, { cause: error });
  }
  const config = parse(path, text);
  if (config) return config;
  if (!mend) {
    throw new OrchestratorError('USAGE', `the configuration ${path} is invalid: log in again`, {
      next: [{ command: 'orchestrator auth login', when: 'to write a new one; the old one is kept beside it' }],
    });
  }
  await mend(path);
  return {};
}

/** Parses a configuration; an empty text is an empty configuration. Undefined if it is invalid. */
function parse(path: string, text: string): UserConfig | undefined {
  try {
    const value = parseFile(path, 'JSON', text, (json) => (json.trim() === '' ? {} : JSON.parse(json)) as unknown);
    return isUserConfig(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Without a schema: loading zod would double the start time of every command. */
function isUserConfig(value: unknown): value is UserConfig {
  if (!isObject(value) || !areTexts(value, ['current_profile'])) return false;
  const { profiles = {} } = value;
  return isObject(profiles) && Object.values(profiles).every(isProfile);
}

function isProfile(value: unknown): value is Profile {
  if (!isObject(value) || typeof value.api_url !== 'string') return false;
  const { scopes = [] } = value;
  const areScopes = Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string');
  return areScopes && areTexts(value, ['token', 'redis_url', 'data_dir', 'project']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => value[name] === undefined || typeof value[name] === 'string');
}

/**
 * Changes the user's configuration, a 0600 file, under a lock, and replaces it atomically. Not with the package `conf`:
 * it loads when-exit, which ends a process at its first SIGTERM, before that process has stopped its parts.
 * @throws OrchestratorError USAGE if it cannot be read or written
 */
export async function changeUserConfig(
  env: NodeJS.ProcessEnv,
  change: (config: UserConfig) => UserConfig,
  mend?: Mend,
): Promise<void> {
  const path = configPath(env);
  const folder = dirname(path);
  try {
    await makeFolder(folder);
    const unlock = await lockFile(`${path}.lock`, { waitMs: PATIENCE_MS });
    try {
      const config = change(await readUserConfig(env, [], mend));
      // A link was made by the user, so write to its target.
      const file = await realpath(path).catch(() => path);
      await chmod(file, 0o600).catch(() => undefined);
      await writeFileBelow(dirname(file), basename(file), `${JSON.stringify(config, undefined, '\t')}\n`);
    } finally {
      await unlock();
    }
  } catch (error) {
    if (error instanceof LockedError) {
      const message = `the configuration cannot be changed: ${error.message}`;
      throw new OrchestratorError('USAGE', message, { cause: error });
    }
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined && !(error instanceof FileError)) throw error;
    throw unwritable(path, code, error);
  }
}

/** A login: a key that the API has accepted, and the system's addresses. */
export interface Login {
  profile: string;
  apiUrl: string;
  token: string;
  redisUrl?: string | undefined;
  /** The data folder of a system on this machine; without it the stored one stays. */
  dataDir?: string | undefined;
  key: { role: string; scopes: string[] };
  /** Whether the current profile stays the current one. */
  keepCurrent?: boolean | undefined;
}

/**
 * Stores a login as a profile; other fields of the same system's profile stay.
 * @throws OrchestratorError USAGE if the configuration cannot be read or written
 */
export async function storeLogin(env: NodeJS.ProcessEnv, login: Login, mend?: Mend): Promise<void> {
  const { profile, apiUrl, token, redisUrl, key, keepCurrent = false } = login;
  await changeUserConfig(
    env,
    ({ profiles = {}, ...rest }) => {
      const before = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
      // A project of another system does not exist here.
      const same: Partial<Profile> = before?.api_url === apiUrl ? before : {};
      const { project, data_dir } = { ...same, ...(login.dataDir && { data_dir: login.dataDir }) };
      const stored: Profile = {
        ...(project !== undefined && { project }),
        ...(data_dir !== undefined && { data_dir }),
        ...{ api_url: apiUrl, token },
        ...(key.role === 'admin' && { admin: true as const }),
        scopes: key.scopes,
        ...(redisUrl && { redis_url: redisUrl }),
      };
      return {
        ...rest,
        ...(!keepCurrent && { current_profile: profile }),
        profiles: { ...profiles, [profile]: stored },
      };
    },
    mend,
  );
}

/** Renames an invalid configuration file, which may contain tokens that the user needs. */
export function putAside(warnings: string[]): Mend {
  return async (path) => {
    await rename(path, `${path}.broken`);
    await chmod(`${path}.broken`, 0o600);
    warnings.push(`${path} was invalid; it is now ${path}.broken`);
  };
}

function unwritable(path: string, code: string | undefined, cause: unknown): OrchestratorError {
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const next = isFull
    ? { command: 'df -h', when: 'to see which disk is full' }
    : {
        command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER',
        when: 'with a folder that you can write to; then run the command again',
      };
  return new OrchestratorError('USAGE', `the configuration ${path} cannot be written (${code})`, {
    cause,
    next: [next],
  });
}
