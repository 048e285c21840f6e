import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { makeFolder } from '@codegen/sdk/files';
import { lockFolder } from '@codegen/sdk/processes';
import { cliPath } from './config.js';
import type { PersonRole } from './keys.js';
import type { RunningStack } from './start-stack.js';

/** What the command line stores of a system. */
interface StoredProfile {
  readonly name: string;
  readonly current: boolean;
  readonly api_url: string;
  readonly data_dir: string | null;
}

/**
 * Tells the CLI of this account where the system is: as the profile `local`, which is what commands use from then on, and as
 * `local-admin`, which is used where a command line names it. Beside a system that runs they are `local-2` and
 * `local-2-admin`, and so on.
 * @returns the profile, the path of the file that holds its key, and the profile that commands used before where that one's
 * system still answers
 */
export async function logInCli(
  stack: LoggedInTo,
  env: NodeJS.ProcessEnv,
): Promise<{ profile: string; tokenFile: string; left?: StoredProfile }> {
  const { file } = (await runCli(['config', 'list'], env)) as { file: string };
  const folder = dirname(file);
  return await inTurn(folder, () => logInTo(stack, folder, env));
}

async function logInTo(stack: LoggedInTo, folder: string, env: NodeJS.ProcessEnv) {
  const stored = await storedProfiles(env);
  const profile = await profileFor(stack, stored);
  const before = stored.find(({ current }) => current);
  const left = before && before.api_url !== stack.apiUrl && (await answers(before.api_url)) ? before : undefined;
  await logIn({ profile: `${profile}-admin`, role: 'admin', flags: ['--keep-current'] }, folder, stack, env);
  const tokenFile = await logIn({ profile, role: 'user', flags: [] }, folder, stack, env);
  return { profile, tokenFile, ...(left && { left }) };
}

/**
 * Has commands that go to a system which ends go to another one of this machine that runs.
 * @returns that one's profile; undefined where commands go elsewhere, or none runs
 */
export async function goBack(
  { apiUrl }: Pick<LoggedInTo, 'apiUrl'>,
  env: NodeJS.ProcessEnv,
): Promise<StoredProfile | undefined> {
  const stored = await storedProfiles(env);
  if (stored.find(({ current }) => current)?.api_url !== apiUrl) return undefined;
  for (const other of stored.filter(({ name, api_url }) => isOfThisMachine(name) && api_url !== apiUrl)) {
    if (!(await answers(other.api_url))) continue;
    await runCli(['config', 'set', 'current_profile', other.name], env);
    return other;
  }
  return undefined;
}

/** Milliseconds that a start waits for the logins of others. */
const PATIENCE_MS = 30_000;

/** Systems that start at the same time look for a free profile one after the other. */
async function inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(folder);
  const startedMs = performance.now();
  for (;;) {
    const unlock = await lockFolder(folder, 'configuration', 'start').catch((error: unknown) => {
      if (performance.now() - startedMs > PATIENCE_MS) throw error;
      return undefined;
    });
    try {
      if (unlock) return await work();
    } finally {
      await unlock?.();
    }
    await sleep(50);
  }
}

type LoggedInTo = Pick<RunningStack, 'apiUrl' | 'redisUrl' | 'issuePersonKey'> & { dataDir: string };

async function storedProfiles(env: NodeJS.ProcessEnv): Promise<readonly StoredProfile[]> {
  return ((await runCli(['config', 'profiles'], env)) as { items: StoredProfile[] }).items;
}

function isOfThisMachine(profile: string): boolean {
  return /^local(-\d+)?$/.test(profile);
}

/** The profile that this data folder had, else the first one of which no other system runs. */
async function profileFor({ apiUrl, dataDir }: LoggedInTo, stored: readonly StoredProfile[]): Promise<string> {
  const known = stored.find(({ name, data_dir }) => isOfThisMachine(name) && data_dir === dataDir);
  if (known) return known.name;
  for (let count = 1; ; count += 1) {
    const profile = count === 1 ? 'local' : `local-${count}`;
    const other = stored.find(({ name }) => name === profile);
    if (!other || other.api_url === apiUrl || !(await answers(other.api_url))) return profile;
  }
}

/** Whether a system is there now; one that takes long to say so is not waited for. */
async function answers(apiUrl: string): Promise<boolean> {
  const asked = fetch(`${apiUrl}/health`, { signal: AbortSignal.timeout(1000) });
  return await asked.then(
    ({ ok }) => ok,
    () => false,
  );
}

/**
 * One login. Its key goes through standard input, and is kept in the CLI's own configuration folder and nowhere else: in
 * its configuration, and beside that in a 0600 file, from which a CLI with another HOME can be logged in, and the next start
 * takes it again.
 * @returns that file's path
 */
async function logIn(
  { profile, role, flags }: { profile: string; role: PersonRole; flags: readonly string[] },
  folder: string,
  stack: LoggedInTo,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const path = join(folder, `${profile}.token`);
  const kept = await readFile(path, 'utf8').then(
    (text) => text.split('\n')[0],
    () => undefined,
  );
  const token = await stack.issuePersonKey({ role, kept });
  const secrets = `${token}\n${stack.redisUrl}\n`;
  const system = ['--api-url', stack.apiUrl, '--data-dir', stack.dataDir];
  const login = ['auth', 'login', '--profile', profile, ...system, '--token-stdin', ...flags];
  await runCli(login, env, secrets);
  await writeFile(`${path}.new`, secrets, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}

/** What a command of the CLI says, run with no settings but the account's own. */
async function runCli(args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<unknown> {
  const plain = Object.entries(env).filter(([name]) => !/^ORCHESTRATOR_(?!CONFIG_DIR$)|^ALLOWED_COMMANDS$/.test(name));
  const { ORCHESTRATOR_CONFIG_DIR: folder } = env;
  const child = spawn(process.execPath, [cliPath(), ...args, '--json'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...Object.fromEntries(plain), ...(folder && { ORCHESTRATOR_CONFIG_DIR: resolve(folder) }) },
    // Where nobody's .orchestrator.json has a say.
    cwd: '/',
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  const text = Buffer.concat(output).toString();
  if (code !== 0) throw notLoggedIn(text);
  return (JSON.parse(text) as { data: unknown }).data;
}

/** What the CLI says is in the way, such as a configuration that is none, or that cannot be written. */
function notLoggedIn(text: string): OrchestratorError {
  return new OrchestratorError('USAGE', `this account's command line cannot be logged in: ${messageIn(text)}`, {
    next: [
      { command: 'export ORCHESTRATOR_CONFIG_DIR=FOLDER', when: 'to have its logins elsewhere; then start again' },
    ],
  });
}

function messageIn(answer: string): string {
  try {
    return (JSON.parse(answer) as { error: { message: string } }).error.message;
  } catch {
    return answer.slice(0, 500);
  }
}
