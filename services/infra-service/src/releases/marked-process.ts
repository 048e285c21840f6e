import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix, endTree, identityOf, type ProcessIdentity } from '@codegen/sdk/processes';
import type { Redactor } from '@codegen/sdk/text';
import { OutputTail } from './output-tail.js';

/** Every process that a release starts carries its run id in this variable, so that none is lost from sight. */
export const MARKER = 'RELEASE_RUN_ID';
/** Milliseconds of SIGKILL after which a process counts as one that cannot die. */
export const GIVE_UP_MS = 5000;
/** Between two reads of a release's output, which are of 64 KiB at most. */
const OUTPUT_PAUSE_MS = 10;

export interface MarkedCommand {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
  /** The whole environment but for the marker. */
  readonly environment: Readonly<Record<string, string>>;
  readonly marker: string;
  /** Knows what never appears in the output that is kept. */
  readonly redactor: Redactor;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface MarkedProcess {
  /** Undefined where it could not be started. */
  readonly identity: ProcessIdentity | undefined;
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
export async function startMarkedProcess({
  argv,
  folder,
  environment,
  marker,
  redactor,
}: MarkedCommand): Promise<MarkedProcess> {
  const [command, ...args] = [...(await deathSignalPrefix('SIGTERM')), ...argv] as [string, ...string[]];
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...environment, [MARKER]: marker },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  const stdout = new OutputTail(redactor);
  const stderr = new OutputTail(redactor);
  for (const [stream, tail] of [[child.stdout, stdout] as const, [child.stderr, stderr] as const]) {
    stream.on('data', (chunk: Buffer) => {
      tail.write(chunk);
      // One that writes without end waits, so that this service has time for others.
      stream.pause();
      setTimeout(() => stream.resume(), OUTPUT_PAUSE_MS).unref();
    });
    // Output that breaks off is what there is of it; unheard, the event would end this service.
    stream.on('error', () => undefined);
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', (error) => {
      stderr.write(Buffer.from(`${error.message}\n`));
      resolve({ code: null, signal: null });
    });
    child.once('exit', async (code, signal) => {
      // The last lines may still be on their way; a grandchild that keeps the pipe open is not waited for.
      await Promise.race([closed, sleep(200)]);
      resolve({ code, signal });
    });
  });
  return {
    identity,
    exited,
    output: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    stop: async (graceMs) => {
      const tree = { leaders: identity ? [identity] : [], markers: { [MARKER]: (value: string) => value === marker } };
      await endTree(tree, { graceMs, giveUpMs: GIVE_UP_MS });
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
