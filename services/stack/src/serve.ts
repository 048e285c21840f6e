import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { makeFolder } from '@codegen/sdk/files';
import { exitProcess, identityOf, onEndSignals } from '@codegen/sdk/processes';
import { endOnUncaught, logDestination, startTelemetry } from '@codegen/sdk/service';
import { withoutPatterns } from '@codegen/sdk/text';
import { pino } from 'pino';
import { readConfig, type StackConfig } from './config.js';
import { goBack, logIn } from './log-in.js';
import { startStack } from './start-stack.js';
import { tellParent } from './tell-parent.js';
import { upCard } from './up-card.js';

const KEEP_LOG_BYTES = 20 * 1024 * 1024;

// The system itself, a child of main.ts.
// starting → running → stopping → ended. A signal while starting stops what has started; a second one ends at once.
async function main(): Promise<void> {
  const startedMs = performance.now();
  const stopRequested = firstSignal();
  const config = await readConfig(process.argv.slice(2), process.env);
  // As in a service: the folder that it was started in may be removed.
  process.chdir('/');
  const log = await openLog(config);
  endOnUncaught((error) => {
    process.stderr.write(`The system ends: nobody caught this error: ${error.error}\n`);
    log.fatal(error, 'the system ends: nobody caught this error');
  });
  const flush = await startTelemetry(process.env, { service: 'stack', instance: String(process.pid) }, log);
  // The parent has the folder as long as it starts this again.
  const owner = identityOf(process.ppid);
  const stack = await startStack(config, (service) => log.child({ service }), owner);
  const askedWhileStarting = await Promise.race([stopRequested.then(() => true), false]);
  if (!askedWhileStarting) {
    const login = config.login ? await logIn({ ...stack, dataDir: config.dataDir }, process.env) : undefined;
    const seconds = (performance.now() - startedMs) / 1000;
    process.stdout.write(upCard({ ...config, apiUrl: stack.apiUrl, ...login, seconds }));
    await tellParent({
      ready: { api_url: stack.apiUrl, data_dir: config.dataDir, agent: config.agent, pid: owner.pid },
    });
  }
  const signal = await Promise.race([stopRequested, stack.done]).catch((error: unknown) => {
    log.fatal({ error: String(error) }, 'a service cannot go on');
    process.stderr.write(`A service cannot go on: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  });
  process.stdout.write('\nStopping … (Ctrl-C again ends everything at once)\n');
  const goingBack = config.login ? goBack(stack, process.env).catch(() => undefined) : undefined;
  await stack.stop();
  await flush();
  const other = await goingBack;
  process.stdout.write('Stopped.\n');
  if (other) process.stdout.write(`Commands go to ${other.api_url} again (profile ${other.name}).\n`);
  exitProcess(signal === undefined ? 1 : signal === 'SIGINT' ? 130 : 143);
}

/** The first signal that asks to stop; the second one ends the process, and with it everything it started. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = 0;
    onEndSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
      seen += 1;
      if (seen > 1) exitProcess(signal === 'SIGINT' ? 130 : 143);
      resolve(signal);
    });
    // For systems whose kernel does not tell when a parent dies.
    process.once('disconnect', () => resolve('SIGTERM'));
  });
}

async function openLog(config: StackConfig) {
  const folder = join(config.dataDir, 'logs');
  const path = join(folder, 'stack.log');
  await makeFolder(folder).catch((error: NodeJS.ErrnoException) => {
    throw new OrchestratorError('USAGE', `the data folder ${config.dataDir} cannot be used (${error.code})`, {
      cause: error,
      next: [{ command: 'bin/up --data-dir FOLDER', when: 'with a folder that you may write to' }],
    });
  });
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > KEEP_LOG_BYTES) await rename(path, `${path}.1`);
  const paths = [
    'token',
    '*.token',
    'password',
    '*.password',
    'redisUrl',
    '*.redisUrl',
    'authorization',
    '*.authorization',
  ];
  let isTold = false;
  const file = logDestination({ dest: path, mode: 0o600 }, ({ code }) => {
    if (isTold) return;
    isTold = true;
    process.stderr.write(
      `The log ${path} cannot be written (${code}). The system goes on: see whether the disk is full.\n`,
    );
  });
  return pino({ level: config.logLevel, redact: paths, hooks: { streamWrite: withoutPatterns } }, file);
}

/** An error for people: what is wrong, each fault on a line of its own, and what to do. */
function inWords({ code, message, details, next = [] }: OrchestratorError): string {
  const { errors = [] } = (details ?? {}) as { errors?: { path: string; message: string }[] };
  const faults = errors.length > 1 ? errors.map((fault) => `  ${fault.path}: ${fault.message}`) : [];
  const help = { command: 'bin/up --help', when: 'to see what it takes' };
  const steps = (code === 'USAGE' && next.length === 0 ? [help] : next).map(
    ({ command, when }) => `Try: ${command}  (${when})`,
  );
  return `${[message, ...faults, ...steps].join('\n')}\n`;
}

// Whoever read what this prints may be gone; the system goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

main().catch(async (error: unknown) => {
  if (isOrchestratorError(error)) {
    const { code, message, next, details } = error;
    await tellParent({ failed: { code, message, next, details } });
    process.stderr.write(inWords(error));
    process.exit(error.exitCode);
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
