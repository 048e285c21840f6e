import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';
import { root } from './system.js';

/** How a command line ended, and what it wrote. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The one JSON document of --json. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the envelope holds
  json(): any;
}

/** A command line that has not ended yet. */
export interface Running {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<Ended>;
  /** Waits until it has written something, to either stream. */
  says(text: string): Promise<unknown>;
}

interface RunOptions {
  env?: Record<string, string>;
  input?: string;
}

/** A person's machine: the CLI as it is installed, a home of its own, and nothing else of the system. */
export interface Machine {
  home: string;
  /** Starts the CLI. */
  start(args: readonly string[], options?: RunOptions): Running;
  /** Runs the CLI to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts a line as a person pastes it into a shell. */
  paste(line: string, options?: RunOptions): Running;
  remove(): Promise<void>;
}

/** The folder in which a stranger's shell finds `orchestrator`. */
async function installedCli(): Promise<string> {
  return join(root, 'bin');
}

/** A machine on which nobody has logged in; `inside` is the command that takes a program to where the machine is. */
export async function makeMachine(inside: readonly string[] = []): Promise<Machine> {
  const { path: home, remove } = await tempFolder('codegen-machine');
  const bin = await installedCli();
  const launch = (command: readonly string[], { env = {}, input = '' }: RunOptions = {}): Running => {
    const [program = '', ...args] = [...inside, ...command];
    const child = spawn(program, args, {
      cwd: home,
      env: { PATH: `${bin}:${process.env.PATH}`, HOME: home, ...env },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
    const ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: text(stdout),
      stderr: text(stderr),
      json: () => parse(text(stdout), text(stderr)),
    }));
    const said = () => text(stdout) + text(stderr);
    return {
      child,
      stdout: () => text(stdout),
      stderr: () => text(stderr),
      ended,
      says: (wanted) => waitFor(`"${wanted}" in ${said()}`, () => said().includes(wanted), { timeoutMs: 60_000 }),
    };
  };
  const start: Machine['start'] = (args, options) => launch([join(bin, 'orchestrator'), ...args], options);
  return {
    home,
    start,
    run: (args, options) => start(args, options).ended,
    paste: (line, options) => launch(['bash', '-c', line], options),
    remove,
  };
}

function parse(stdout: string, stderr: string) {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`not JSON: ${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`, { cause });
  }
}
