import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cliPath } from './config.js';
import type { PersonRole } from './keys.js';
import type { RunningStack } from './start-stack.js';

/**
 * Tells the CLI of this account where the system is: as the profile `local`, which is what commands use from then on, and as
 * `local-admin`, which is used where a command line names it.
 * @returns the path of the file that holds the key of `local`, and the address of the system that commands used before
 * where that one still answers
 */
export async function logInCli(
  stack: LoggedInTo,
  env: NodeJS.ProcessEnv,
): Promise<{ tokenFile: string; left?: string }> {
  const { file, settings } = (await runCli(['config', 'list'], env)) as ListedSettings;
  const folder = dirname(file);
  const before = settings.find(({ name }) => name === 'api_url')?.value;
  const left = before && before !== stack.apiUrl && (await answers(before)) ? before : undefined;
  await logIn({ profile: 'local-admin', role: 'admin', flags: ['--keep-current'] }, folder, stack, env);
  const tokenFile = await logIn({ profile: 'local', role: 'user', flags: [] }, folder, stack, env);
  return { tokenFile, ...(left && { left }) };
}

type LoggedInTo = Pick<RunningStack, 'apiUrl' | 'redisUrl' | 'issuePersonKey'> & { dataDir: string };

interface ListedSettings {
  readonly file: string;
  readonly settings: readonly { readonly name: string; readonly value: string | null }[];
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
  if (code !== 0) throw new Error(`the CLI could not be logged in: ${text.slice(0, 500)}`);
  return (JSON.parse(text) as { data: unknown }).data;
}
