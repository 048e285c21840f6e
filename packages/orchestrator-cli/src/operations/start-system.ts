import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { dataFolderPath, makeFolder } from '@codegen/sdk/files';
import type { Runtime } from '../kit/runtime.js';
import { retold, stackProgram, type ToldError } from './installed-stack.js';

/** A system that runs on this machine. */
export interface RunningSystem {
  pid: number;
  api_url: string;
  data_dir: string;
  log: string;
  agent: string;
}

type News = { ready: Omit<RunningSystem, 'log'> } | { failed: ToldError };

/** Milliseconds that a system may take to stop in order. */
const STOP_MS = 60_000;

export interface StartOptions {
  dataDir: string | undefined;
  /** Flags for the stack. */
  args: readonly string[];
}

/**
 * Starts the system, tells `ready` of it, and stays until it ends.
 * starting → ready → stopping → gone; a signal goes to stopping from anywhere, a second one ends everything at once.
 * @throws OrchestratorError what kept it from starting; INTERRUPTED or TERMINATED once it was stopped
 */
export async function startSystem(
  { dataDir, args }: StartOptions,
  runtime: Runtime,
  ready: (system: RunningSystem) => Promise<void>,
): Promise<never> {
  const { deathSignalPrefix } = await import('@codegen/sdk/processes');
  const [program, ...words] = [
    ...(await deathSignalPrefix('SIGTERM')),
    process.execPath,
    stackProgram('main'),
    ...args,
  ];
  // A session of its own: Ctrl-C reaches this process, which passes it on once.
  const child = spawn(program as string, words, {
    env: runtime.env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const stop = () => child.kill('SIGTERM');
  runtime.takeTimeToEnd?.(STOP_MS);
  runtime.signal.addEventListener('abort', stop, { once: true });
  // The system ends at once when it is told to stop again.
  process.on('exit', stop);
  const gone = once(child, 'exit');
  gone.catch(() => undefined);
  if (runtime.signal.aborted) stop();
  const system = await untilReady(child, gone, dataDir, runtime, () => said.join(''));
  if (system) await ready(system);
  const [code] = (await gone) as [number | null];
  process.off('exit', stop);
  if (runtime.signal.aborted) {
    const { code: reason } = runtime.signal.reason as OrchestratorError;
    throw new OrchestratorError(reason, 'the system was stopped; what was under way goes on at the next start', {
      next: [{ command: upCommand(dataDir), when: 'to start it again' }],
    });
  }
  throw new OrchestratorError('INTERNAL', `the system ended by itself (exit code ${code}): ${said.join('').trim()}`);
}

/**
 * Starts the system and leaves it running behind this process.
 * @throws OrchestratorError what kept it from starting
 */
export async function startSystemDetached({ dataDir, args }: StartOptions, runtime: Runtime): Promise<RunningSystem> {
  const program = stackProgram('main');
  const folder = dataFolderPath(dataDir, runtime.env);
  if (folder === undefined) {
    throw new OrchestratorError('USAGE', 'this account has no home folder: set HOME, or name a folder with --data-dir');
  }
  const logs = join(folder, 'logs');
  const log = await openUpLog(logs);
  const { size } = await log.stat();
  const child = spawn(process.execPath, [program, ...args], {
    env: runtime.env,
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  const gone = once(child, 'exit');
  gone.catch(() => undefined);
  runtime.takeTimeToEnd?.(STOP_MS);
  const stop = () => child.kill('SIGTERM');
  runtime.signal.addEventListener('abort', stop, { once: true });
  if (runtime.signal.aborted) stop();
  await log.close();
  const system = await untilReady(
    child,
    gone,
    dataDir,
    runtime,
    () => `read ${join(logs, 'up.log')} from byte ${size}`,
  );
  runtime.signal.removeEventListener('abort', stop);
  if (!system) throw runtime.signal.reason;
  child.disconnect();
  child.unref();
  return system;
}

/** What the child says first; undefined where it was stopped before that. */
async function untilReady(
  child: ChildProcess,
  gone: Promise<unknown[]>,
  dataDir: string | undefined,
  runtime: Runtime,
  said: () => string,
): Promise<RunningSystem | undefined> {
  const message = once(child, 'message').then(([news]) => news as News);
  message.catch(() => undefined);
  const news = await Promise.race([message, gone.then(() => undefined)]);
  if (news && 'ready' in news) return { ...news.ready, log: join(news.ready.data_dir, 'logs', 'stack.log') };
  await gone;
  if (runtime.signal.aborted) return undefined;
  if (!news) throw new OrchestratorError('INTERNAL', `the system did not start: ${said().trim()}`);
  const error = retold(news.failed);
  if (error.code !== 'DATA_FOLDER_LOCKED') throw error;
  // Its folder by name: `down` alone stops the system that the profile in use points to.
  const { data_dir = dataDir } = (error.details ?? {}) as { data_dir?: string };
  const next = [
    { command: downCommand(data_dir), when: 'to stop the system that runs there' },
    { command: 'orchestrator', when: 'to see what it does' },
  ];
  throw new OrchestratorError(error.code, error.message, { next });
}

function upCommand(dataDir: string | undefined): string {
  return dataDir === undefined ? 'orchestrator up' : paste`orchestrator up --data-dir ${dataDir}`;
}

/** The command that stops the system of a data folder. */
export function downCommand(dataDir: string | undefined): string {
  return dataDir === undefined ? 'orchestrator down' : paste`orchestrator down --data-dir ${dataDir}`;
}

async function openUpLog(folder: string): Promise<FileHandle> {
  try {
    await makeFolder(folder);
    return await open(join(folder, 'up.log'), 'a', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OrchestratorError('USAGE', `the data folder ${dirname(folder)} cannot be used (${code})`, {
      cause: error,
      next: [{ command: 'orchestrator up --data-dir FOLDER', when: 'with a folder that you may write to' }],
    });
  }
}
