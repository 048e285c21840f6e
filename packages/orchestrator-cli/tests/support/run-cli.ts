import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inject } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';

/** The bundle, as people run it; the unbundled command line takes four times as long to start. */
const BIN = inject('cli');

/** How a command line ended, and what it wrote. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A machine of its own for the command line: no configuration, no environment but what the test gives. */
export interface Machine {
  folder: string;
  configFolder: string;
  /** Runs a command line to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts one, for tests that act while it runs. */
  start(args: readonly string[], options?: RunOptions): Running;
  remove(): Promise<void>;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Written and ended; a stream is piped, and ends it when it ends. */
  stdin?: string | Buffer | Readable;
  cwd?: string;
}

interface Running {
  child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  ended: Promise<Ended>;
}

export async function makeMachine(base: Record<string, string> = {}, bin = BIN): Promise<Machine> {
  const { path: folder, remove } = await tempFolder('codegen-cli');
  const configFolder = join(folder, 'config');
  const start = (args: readonly string[], { env = {}, stdin = '', cwd = folder }: RunOptions = {}): Running => {
    const basics = { PATH: process.env.PATH ?? '', HOME: folder, ORCHESTRATOR_CONFIG_DIR: configFolder };
    const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...basics, ...base, ...env } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    if (stdin instanceof Readable) stdin.pipe(child.stdin);
    else child.stdin.end(stdin);
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
    const ended = once(child, 'close').then(([code]) => {
      return { code: code as number | null, stdout: text(stdout), stderr: text(stderr) };
    });
    return { child, stdout: () => text(stdout), stderr: () => text(stderr), ended };
  };
  return { folder, configFolder, start, run: (args, options) => start(args, options).ended, remove };
}

/** A machine that is logged in, by its environment, to a fake API of its own. */
export async function makeSystem({
  bin = BIN,
} = {}): Promise<{ fake: FakeApi; machine: Machine; stop(): Promise<void> }> {
  const fake = await startFakeApi();
  const machine = await makeMachine({ ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN }, bin);
  const stop = async () => {
    await fake.stop();
    await machine.remove();
  };
  return { fake, machine, stop };
}

/** An envelope as a reader gets it. */
export interface Envelope {
  ok: boolean;
  schema_version: number;
  command: string;
  data: Record<string, unknown>;
  error: { code: string; message: string; exit_code: number; retryable: boolean; details: Record<string, unknown> };
  missing?: string[];
  choices?: string[];
  next: { command: string; when: string }[];
  warnings: string[];
  meta: { request_id: string; correlation_id: string; idempotency_key?: string; replayed?: boolean };
}

/** Reads standard output as exactly one JSON document and a line break. */
export function envelopeOf({ stdout }: Ended): Envelope {
  if (!stdout.endsWith('\n') || stdout.slice(0, -1).includes('\n')) {
    throw new Error(`not one line of JSON: ${JSON.stringify(stdout.slice(0, 500))}`);
  }
  return JSON.parse(stdout) as Envelope;
}
