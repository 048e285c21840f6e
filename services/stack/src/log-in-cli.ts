import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cliPath } from './config.js';
import type { RunningStack } from './start-stack.js';

/**
 * Tells the CLI of this account where the system is, as the profile `local`. The person's key is made anew at every
 * start, goes through standard input, and is kept in the CLI's own configuration folder and nowhere else: in its
 * configuration, and beside that in a 0600 file, from which a CLI with another HOME can be logged in.
 * @returns that file's path
 */
export async function logInCli(stack: RunningStack, env: NodeJS.ProcessEnv): Promise<string> {
  const plain = Object.entries(env).filter(([name]) => !/^ORCHESTRATOR_(?!CONFIG_DIR$)|^ALLOWED_COMMANDS$/.test(name));
  const args = [cliPath(), 'auth', 'login', '--profile', 'local', '--api-url', stack.apiUrl, '--token-stdin', '--json'];
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...Object.fromEntries(plain), ORCHESTRATOR_REDIS_URL: stack.redisUrl },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const token = await stack.issuePersonKey();
  child.stdin.end(`${token}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  const text = Buffer.concat(output).toString();
  if (code !== 0) throw new Error(`the CLI could not be logged in: ${text.slice(0, 500)}`);
  const { data } = JSON.parse(text) as { data: { stored_in: string } };
  const path = join(dirname(data.stored_in), 'local.token');
  await writeFile(`${path}.new`, `${token}\n${stack.redisUrl}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}
