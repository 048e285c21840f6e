import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cliPath } from './config.js';
import type { RunningStack } from './start-stack.js';

/**
 * Tells the CLI of this account where the system is, as the profile `local`. The person's key goes through standard
 * input, and is kept in the CLI's own configuration folder and nowhere else: in its configuration, and beside that in a
 * 0600 file, from which a CLI with another HOME can be logged in, and the next start takes it again.
 * @returns that file's path
 */
export async function logInCli(stack: RunningStack, env: NodeJS.ProcessEnv): Promise<string> {
  const { file } = (await runCli(['config', 'list'], env)) as { file: string };
  const path = join(dirname(file), 'local.token');
  const kept = await readFile(path, 'utf8').then(
    (text) => text.split('\n')[0],
    () => undefined,
  );
  const token = await stack.issuePersonKey(kept);
  const login = ['auth', 'login', '--profile', 'local', '--api-url', stack.apiUrl, '--token-stdin'];
  const secrets = `${token}\n${stack.redisUrl}\n`;
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
