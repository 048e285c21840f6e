import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliPath } from './config.js';
import type { RunningStack } from './start-stack.js';

/** Tells the CLI of this account where the system is, as the profile `local`. The secrets go through standard input. */
export async function logInCli(stack: RunningStack): Promise<void> {
  const args = [cliPath(), 'auth', 'login', '--profile', 'local', '--api-url', stack.apiUrl, '--token-stdin', '--json'];
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ORCHESTRATOR_REDIS_URL: stack.redisUrl },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.end(`${stack.token}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the CLI could not be logged in: ${Buffer.concat(output).toString().slice(0, 500)}`);
}
