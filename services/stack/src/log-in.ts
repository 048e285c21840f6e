import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createApi } from '@codegen/sdk/api';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { makeFolder } from '@codegen/sdk/files';
import { LockedError, lockFile } from '@codegen/sdk/processes';
import { changeUserConfig, configPath, type Profile, readUserConfig, storeLogin } from '@codegen/sdk/profiles';
import type { PersonRole } from './keys.js';
import type { RunningStack } from './start-stack.js';

/** A stored profile of a system. */
interface StoredProfile {
  readonly name: string;
  readonly api_url: string;
}

type LoggedInTo = Pick<RunningStack, 'apiUrl' | 'redisUrl' | 'issuePersonKey'> & { dataDir: string };

/** Milliseconds that a start waits for the logins of other systems. */
const PATIENCE_MS = 30_000;

/**
 * Logs this account's command line in: as the profile `local`, which becomes the current one, and as `local-admin`. Beside
 * another running system they are `local-2` and `local-2-admin`, and so on.
 * @returns the profile, the path of its key file, and the former current profile if its system still answers
 * @throws OrchestratorError USAGE if the account's configuration cannot be read or written
 */
export async function logIn(
  stack: LoggedInTo,
  env: NodeJS.ProcessEnv,
): Promise<{ profile: string; tokenFile: string; left?: StoredProfile }> {
  try {
    const folder = dirname(configPath(env));
    await makeFolder(folder);
    // Systems that start at the same time choose a profile one after the other.
    const unlock = await lockFile(join(folder, 'login.lock'), { waitMs: PATIENCE_MS });
    try {
      return await logInTo(stack, folder, env);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw loginError(error);
  }
}

async function logInTo(stack: LoggedInTo, folder: string, env: NodeJS.ProcessEnv) {
  const { profiles = {}, current_profile = '' } = await readUserConfig(env);
  const profile = await profileFor(stack, profiles);
  const before = profiles[current_profile]?.api_url;
  const left = before !== undefined && before !== stack.apiUrl && (await answers(before)) ? before : undefined;
  await storeKey({ profile: `${profile}-admin`, role: 'admin' }, folder, stack, env);
  const tokenFile = await storeKey({ profile, role: 'user' }, folder, stack, env);
  return { profile, tokenFile, ...(left && { left: { name: current_profile, api_url: left } }) };
}

/**
 * If commands use a system that stops, makes them use another running system of this machine.
 * @returns that system's profile; undefined if commands use another system already, or none runs
 */
export async function useOtherSystem(
  { apiUrl }: Pick<LoggedInTo, 'apiUrl'>,
  env: NodeJS.ProcessEnv,
): Promise<StoredProfile | undefined> {
  const { profiles = {}, current_profile = '' } = await readUserConfig(env);
  if (profiles[current_profile]?.api_url !== apiUrl) return undefined;
  for (const [name, { api_url }] of Object.entries(profiles)) {
    if (!isLocal(name) || api_url === apiUrl || !(await answers(api_url))) continue;
    await changeUserConfig(env, (config) => ({ ...config, current_profile: name }));
    return { name, api_url };
  }
  return undefined;
}

function isLocal(profile: string): boolean {
  return /^local(-\d+)?$/.test(profile);
}

/** The former profile of this data folder, else the first one that no other running system uses. */
async function profileFor({ apiUrl, dataDir }: LoggedInTo, stored: Record<string, Profile>): Promise<string> {
  const known = Object.entries(stored).find(([name, { data_dir }]) => isLocal(name) && data_dir === dataDir);
  if (known) return known[0];
  for (let count = 1; ; count += 1) {
    const profile = count === 1 ? 'local' : `local-${count}`;
    const other = stored[profile];
    if (!other || other.api_url === apiUrl || !(await answers(other.api_url))) return profile;
  }
}

/** Whether a system answers within a second. */
async function answers(apiUrl: string): Promise<boolean> {
  const asked = fetch(`${apiUrl}/health`, { signal: AbortSignal.timeout(1000) });
  return await asked.then(
    ({ ok }) => ok,
    () => false,
  );
}

/**
 * Stores a key as a profile, and in a 0600 file beside the configuration, for the next start and for logins of accounts with
 * another HOME.
 * @returns the path of the file
 */
async function storeKey(
  { profile, role }: { profile: string; role: PersonRole },
  folder: string,
  { apiUrl, redisUrl, dataDir, issuePersonKey }: LoggedInTo,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const path = join(folder, `${profile}.token`);
  const kept = await readFile(path, 'utf8').then(
    (text) => text.split('\n')[0],
    () => undefined,
  );
  const token = await issuePersonKey({ role, kept });
  const { key } = await createApi({ apiUrl, token }).whoami();
  await storeLogin(env, { profile, apiUrl, token, redisUrl, dataDir, key, keepCurrent: role === 'admin' });
  await writeFile(`${path}.new`, `${token}\n${redisUrl}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}

/** Explains an invalid or unwritable configuration; returns other errors unchanged. */
function loginError(error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  const isKnown = isOrchestratorError(error) || error instanceof LockedError || syscall !== undefined;
  if (!isKnown) return error;
  return new OrchestratorError('USAGE', `cannot log this account's command line in: ${message}`, {
    cause: error,
    next: [
      { command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER', when: 'to store logins in another folder; then start again' },
    ],
  });
}
