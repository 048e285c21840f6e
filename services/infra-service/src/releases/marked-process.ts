import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutputTail } from './output-tail.js';
import { readProcess } from './process-table.js';
import { findTree, MARKER, terminateTree } from './process-tree.js';

export interface MarkedCommand {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
  /** The whole environment but for the marker. */
  readonly environment: Readonly<Record<string, string>>;
  readonly marker: string;
  /** Values that never appear in the output that is kept. */
  readonly secrets: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface MarkedProcess {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  /** Its start time in /proc; empty where there is none. */
  readonly startTime: string;
  readonly exited: Promise<Exit>;
  /** The ends of what it wrote, secrets replaced. */
  output(): { stdout: string; stderr: string };
  /** Ends it with everything it started; settles when nothing is left. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts a command that dies with this service and can be found again by its marker. It leads its own session, so
 * that a signal for this service's terminal does not reach it.
 */
export function startMarkedProcess({ argv, folder, environment, marker, secrets }: MarkedCommand): MarkedProcess {
  const [command, ...args] = withDeathSignal(argv, environment.PATH ?? '');
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...environment, [MARKER]: marker },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = new OutputTail(secrets);
  const stderr = new OutputTail(secrets);
  child.stdout.on('data', (chunk: Buffer) => stdout.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.write(chunk));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      stderr.write(Buffer.from(`${error.message}\n`));
      resolve({ code: null, signal: null });
    });
    child.once('exit', async (code, signal) => {
      // The last lines may still be on their way; a grandchild that keeps the pipe open is not waited for.
      await Promise.race([closed, sleep(200)]);
      resolve({ code, signal });
    });
  });
  const { pid } = child;
  const startTime = (pid !== undefined && readProcess(pid)?.startTime) || '';
  return {
    pid,
    startTime,
    exited,
    output: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    stop: async (graceMs) => {
      const find = () => findTree(isReused(pid, startTime) ? undefined : pid, (found) => found === marker);
      await terminateTree(find, graceMs);
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

/** Whether the number went to another process after this one was gone. */
function isReused(pid: number | undefined, startTime: string): boolean {
  const now = pid === undefined ? undefined : readProcess(pid);
  return now !== undefined && now.startTime !== startTime;
}

/** Has the kernel send SIGTERM to the command when this service dies, where `setpriv` is installed. */
function withDeathSignal(argv: readonly [string, ...string[]], path: string): readonly [string, ...string[]] {
  const setpriv = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'setpriv'))
    .find(isExecutable);
  return process.platform === 'linux' && setpriv ? [setpriv, '--pdeathsig', 'SIGTERM', '--', ...argv] : argv;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
