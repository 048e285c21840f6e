import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { makeFolder } from '@codegen/sdk/files';
import { exitProcess, identityOf, onEndSignals } from '@codegen/sdk/processes';
import { endOnUncaught, logDestination, startTelemetry } from '@codegen/sdk/service';
import { withoutPatterns } from '@codegen/sdk/text';
import { pino } from 'pino';
import { readConfig, type StackConfig } from './config.js';
import { logIn, useOtherSystem } from './log-in.js';
import { sendToParent } from './send-to-parent.js';
import { startStack } from './start-stack.js';
import { upCard } from './up-card.js';

const KEEP_LOG_BYTES = 20 * 1024 * 1024;

// The system itself, a child of main.ts.
// starting → running → stopping → ended. A signal during the start stops the started parts; a second one ends at once.
async function main(): Promise<void> {
  const startedMs = performance.now();
  const stopRequested = firstSignal();
  const config = await readConfig(process.argv.slice(2), process.env);
  // As in a service: the current folder may be removed.
  process.chdir('/');
  const log = await openLog(config);
  endOnUncaught((error) => {
    process.stderr.write(`The system ends after an uncaught error: ${error.error}\n`);
    log.fatal(error, 'the system ends after an uncaught error');
  });
  const flush = await startTelemetry(process.env, { service: 'stack', instance: String(process.pid) }, log);
  // The parent owns the folder, also while it restarts this process.
  const owner = identityOf(process.ppid);
  const stack = await startStack(config, (service) => log.child({ service }), owner);
  const stopsAlready = await Promise.race([stopRequested.then(() => true), false]);
  if (!stopsAlready) {
    const login = config.login ? await logIn({ ...stack, dataDir: config.dataDir }, process.env) : undefined;
    const seconds = (performance.now() - startedMs) / 1000;
    process.stdout.write(upCard({ ...config, apiUrl: stack.apiUrl, ...login, seconds }));
    await sendToParent({
      ready: { api_url: stack.apiUrl, data_dir: config.dataDir, agent: config.agent, pid: owner.pid },
    });
  }
  const signal = await Promise.race([stopRequested, stack.done]).catch((error: unknown) => {
    log.fatal({ error: String(error) }, 'a service failed');
    process.stderr.write(`A service failed: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  });
  process.stdout.write('\nStopping … (Ctrl-C again ends everything at once)\n');
  const switching = config.login ? useOtherSystem(stack, process.env).catch(() => undefined) : undefined;
  await stack.stop();
  await flush();
  const other = await switching;
  process.stdout.write('Stopped.\n');
  if (other) process.stdout.write(`Commands use ${other.api_url} again (profile ${other.name}).\n`);
  exitProcess(signal === undefined ? 1 : signal === 'SIGINT' ? 130 : 143);
}

/** The first signal that asks to stop; the second one ends this process and all its children at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = 0;
    onEndSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
      seen += 1;
      if (seen > 1) exitProcess(signal === 'SIGINT' ? 130 : 143);
      resolve(signal);
    });
    // For systems without a parent death signal.
    process.once('disconnect', () => resolve('SIGTERM'));
  });
}

async function openLog(config: StackConfig) {
  const folder = join(config.dataDir, 'logs');
  const path = join(folder, 'stack.log');
  await makeFolder(folder).catch((error: NodeJS.ErrnoException) => {
    throw new OrchestratorError('USAGE', `the data folder ${config.dataDir} cannot be used (${error.code})`, {
      cause: error,
      next: [{ command: 'bin/up --data-dir FOLDER', when: 'with a folder that you can write to' }],
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
  let isReported = false;
  const file = logDestination({ dest: path, mode: 0o600 }, ({ code }) => {
    if (isReported) return;
    isReported = true;
    process.stderr.write(
      `The log ${path} cannot be written (${code}). The system goes on: check whether the disk is full.\n`,
    );
  });
  return pino({ level: config.logLevel, redact: paths, hooks: { streamWrite: withoutPatterns } }, file);
}

/** An error for people: the message, each fault on its own line, and what to do. */
function errorText({ code, message, details, next = [] }: OrchestratorError): string {
  const { errors = [] } = (details ?? {}) as { errors?: { path: string; message: string }[] };
  const faults = errors.length > 1 ? errors.map((fault) => `  ${fault.path}: ${fault.message}`) : [];
  const help = { command: 'bin/up --help', when: 'to see its flags' };
  const steps = (code === 'USAGE' && next.length === 0 ? [help] : next).map(
    ({ command, when }) => `Try: ${command}  (${when})`,
  );
  return `${[message, ...faults, ...steps].join('\n')}\n`;
}

// The reader of the output may be gone; the system goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

main().catch(async (error: unknown) => {
  if (isOrchestratorError(error)) {
    const { code, message, next, details } = error;
    await sendToParent({ failed: { code, message, next, details } });
    process.stderr.write(errorText(error));
    process.exit(error.exitCode);
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
