import { chmod, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OrchestratorError } from '../errors.js';
import { FileError, homeFolder, makeFolder, parseFile, readRegularFile, writeFileBelow } from '../files/index.js';
import { paste } from '../paste.js';
import { LockedError, lockFile } from '../processes/index.js';

/** One system the user works with. `redis_url` holds a password and is as secret as the token. */
export interface Profile {
  api_url: string;
  /** None before the user has logged in. */
  token?: string;
  /** Whether the token is an administrator's, as it was at the login. */
  admin?: true;
  /** What the token may do, where that is not everything; as it was at the login. */
  scopes?: string[];
  redis_url?: string;
  /** The data folder of a system on this machine, which `down` stops. */
  data_dir?: string;
  /** What commands are about where nothing nearer says. */
  project?: string;
}

export interface UserConfig {
  current_profile?: string;
  profiles?: Record<string, Profile>;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Milliseconds that a change waits for others, which take a few each. */
const PATIENCE_MS = 15_000;

/** ORCHESTRATOR_CONFIG_DIR, else the `orchestrator` folder where the XDG rules put configuration; undefined without a home. */
function configFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env.ORCHESTRATOR_CONFIG_DIR) return env.ORCHESTRATOR_CONFIG_DIR;
  const home = homeFolder(env);
  const configs = env.XDG_CONFIG_HOME || (home && join(home, '.config'));
  return configs && join(configs, 'orchestrator');
}

/** @throws OrchestratorError USAGE where this account has no place for it */
export function configPath(env: NodeJS.ProcessEnv): string {
  const folder = configFolder(env);
  if (folder) return join(folder, 'config.json');
  throw new OrchestratorError('USAGE', 'this account has no home folder: set HOME or ORCHESTRATOR_CONFIG_DIR', {
    next: [
      { command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER', when: 'with a folder that you may write to; then again' },
    ],
  });
}

/** What a login does with a file that holds no configuration; everybody else is refused. */
export type Mend = (path: string) => Promise<void> | void;

/**
 * Reads the user's configuration; empty where there is none. Adds a warning when others may read the file.
 * @throws OrchestratorError USAGE where the file is broken, and no `mend` is given
 */
export async function readUserConfig(
  env: NodeJS.ProcessEnv,
  warnings: string[] = [],
  mend?: Mend,
): Promise<UserConfig> {
  // Without a place for it there is none.
  if (configFolder(env) === undefined) return {};
  const path = configPath(env);
  let text: string;
  try {
    // A link is the user's own.
    const limits = { mostBytes: MOST_BYTES, name: `the configuration ${path}`, links: 'follow' } as const;
    const bytes = await readRegularFile(path, limits);
    if (!bytes) return {};
    text = bytes.toString();
    const { mode, uid } = await stat(path);
    if ((mode & 0o077) !== 0) warnings.push(paste`${path} can be read by others; run: chmod 600 ${path}`);
    // Whoever owns it decides where tokens go.
    const me = process.getuid?.() ?? uid;
    if (uid !== me) warnings.push(paste`${path} belongs to another user (${uid}); log in anew with a file of your own`);
  } catch (error) {
    throw new OrchestratorError('USAGE', (error as Error).message, { cause: error });
  }
  const config = parse(path, text);
  if (config) return config;
  if (!mend) {
    throw new OrchestratorError('USAGE', `the configuration ${path} is not what a login stores: log in anew`, {
      next: [{ command: 'orchestrator auth login', when: 'to begin a new one; this one is kept beside it' }],
    });
  }
  await mend(path);
  return {};
}

/** The configuration in a file's text; an empty one is none. Undefined where it is something else. */
function parse(path: string, text: string): UserConfig | undefined {
  try {
    const value = parseFile(path, 'JSON', text, (json) => (json.trim() === '' ? {} : JSON.parse(json)) as unknown);
    return isUserConfig(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** By hand: loading a schema would double the start of every command. */
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
 * Changes the user's configuration: a 0600 file, replaced as a whole, in a folder of the user's own. Of two changes at
 * once the later one begins with what the earlier one wrote. Not by the package `conf`, which ends a process at its first
 * SIGTERM (it loads when-exit), whatever that process still has to stop.
 * @throws OrchestratorError USAGE where it cannot be read or written
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
      // A link is the user's own, and stays.
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

/** A login: a key that the API has answered for, and where the system is. */
export interface Login {
  profile: string;
  apiUrl: string;
  token: string;
  redisUrl?: string | undefined;
  /** The data folder of a system on this machine; the one that is stored stays where this says none. */
  dataDir?: string | undefined;
  key: { role: string; scopes: string[] };
  /** Whether commands go on with the profile that they use now. */
  keepCurrent?: boolean | undefined;
}

/**
 * Stores a login as a profile, and what else the profile says of the same system stays.
 * @throws OrchestratorError USAGE where the configuration cannot be read or written
 */
export async function storeLogin(env: NodeJS.ProcessEnv, login: Login, mend?: Mend): Promise<void> {
  const { profile, apiUrl, token, redisUrl, key, keepCurrent = false } = login;
  await changeUserConfig(
    env,
    ({ profiles = {}, ...rest }) => {
      const before = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
      // A project of another system means nothing there.
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

/** Puts a file that holds no configuration aside: there may be tokens in it that are wanted. */
export function putAside(warnings: string[]): Mend {
  return async (path) => {
    await rename(path, `${path}.broken`);
    await chmod(`${path}.broken`, 0o600);
    warnings.push(`${path} was no configuration; what it held is in ${path}.broken`);
  };
}

function unwritable(path: string, code: string | undefined, cause: unknown): OrchestratorError {
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const next = isFull
    ? { command: 'df -h', when: 'to see which disk is full' }
    : { command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER', when: 'with a folder that you may write to; then again' };
  return new OrchestratorError('USAGE', `the configuration ${path} cannot be written (${code})`, {
    cause,
    next: [next],
  });
}
