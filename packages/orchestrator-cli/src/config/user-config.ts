import { chmod, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { makeFolder, readRegularFile } from '@codegen/sdk/files';
import { withConfigLock } from './config-lock.js';

/** One system the user works with. `redis_url` holds a password and is as secret as the token. */
export interface Profile {
  api_url: string;
  /** None before the user has logged in. */
  token?: string;
  /** Whether the token is an administrator's, as it was at the login. */
  admin?: true;
  redis_url?: string;
  /** What commands are about where nothing nearer says. */
  project?: string;
}

export interface UserConfig {
  current_profile?: string;
  profiles?: Record<string, Profile>;
}

const MOST_BYTES = 4 * 1024 * 1024;

/** ORCHESTRATOR_CONFIG_DIR, else the `orchestrator` folder where the XDG rules put configuration. */
function configFolder(env: NodeJS.ProcessEnv): string {
  if (env.ORCHESTRATOR_CONFIG_DIR) return env.ORCHESTRATOR_CONFIG_DIR;
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'orchestrator');
}

export function configPath(env: NodeJS.ProcessEnv): string {
  return join(configFolder(env), 'config.json');
}

/**
 * Reads the user's configuration; empty where there is none. Adds a warning when others may read the file.
 * Plain file reading: loading `conf` for it would double the start of every command.
 * @throws OrchestratorError USAGE where the file is broken
 */
export async function readUserConfig(env: NodeJS.ProcessEnv, warnings: string[] = []): Promise<UserConfig> {
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
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as UserConfig;
  } catch {
    // Falls through: the parser's message would quote the file, tokens included.
  }
  throw new OrchestratorError('USAGE', `the configuration ${path} is not a JSON object: repair or remove it`);
}

/**
 * Changes the user's configuration: a 0600 file, replaced as a whole, in a folder of the user's own. Of two changes at
 * once the later one begins with what the earlier one wrote.
 * @throws OrchestratorError USAGE where it cannot be read or written
 */
export async function changeUserConfig(
  env: NodeJS.ProcessEnv,
  change: (config: UserConfig) => UserConfig,
): Promise<void> {
  const { default: Conf } = await import('conf');
  const folder = configFolder(env);
  try {
    await makeFolder(folder);
    await withConfigLock(folder, async () => {
      const config = change(await readUserConfig(env));
      const store = new Conf<Record<string, unknown>>({
        cwd: folder,
        configName: 'config',
        configFileMode: 0o600,
        projectName: 'orchestrator',
      });
      store.store = { ...config };
      await chmod(store.path, 0o600);
    });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw unwritable(configPath(env), code, error);
  }
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
