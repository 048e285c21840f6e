import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliPath } from './config.js';
import type { RunningStack } from './start-stack.js';

/**
 * Tells the CLI of this account where the system is, as the profile `local`. The person's key is made anew at every
 * start, goes through standard input, and is kept in the CLI's own configuration and nowhere else.
 */
export async function logInCli(stack: RunningStack, env: NodeJS.ProcessEnv): Promise<void> {
  const plain = Object.entries(env).filter(([name]) => !/^ORCHESTRATOR_(?!CONFIG_DIR$)|^ALLOWED_COMMANDS$/.test(name));
  const args = [cliPath(), 'auth', 'login', '--profile', 'local', '--api-url', stack.apiUrl, '--token-stdin', '--json'];
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...Object.fromEntries(plain), ORCHESTRATOR_REDIS_URL: stack.redisUrl },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.end(`${await stack.issuePersonKey()}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the CLI could not be logged in: ${Buffer.concat(output).toString().slice(0, 500)}`);
}
