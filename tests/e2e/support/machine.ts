import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { packedCli } from '../../support/packed-cli.js';
import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';

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
}

/** The machines of a test file; they share one installation of the packed CLI. */
export interface Machines {
  /** A machine on which nobody has logged in; `inside` is the command that takes a program to where the machine is. */
  add(inside?: readonly string[]): Promise<Machine>;
  /** Removes them all. */
  remove(): Promise<void>;
}

/** Installs the CLI as a stranger has it. */
export async function makeMachines(): Promise<Machines> {
  const cli = await packedCli();
  const homes: Awaited<ReturnType<typeof tempFolder>>[] = [];
  return {
    add: async (inside = []) => {
      const home = await tempFolder('codegen-machine');
      homes.push(home);
      return machineAt(home.path, dirname(cli.bin), inside);
    },
    remove: async () => {
      await Promise.all([cli, ...homes].map((one) => one.remove()));
    },
  };
}

function machineAt(home: string, bin: string, inside: readonly string[]): Machine {
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
  };
}

function parse(stdout: string, stderr: string) {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`not JSON: ${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}`, { cause });
  }
}
