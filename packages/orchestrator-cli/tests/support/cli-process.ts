import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';

/** How a command line's streams are connected. */
export type Wiring =
  /** Both are pipes. */
  | 'pipes'
  /** All three are one terminal of 80 columns. */
  | 'terminal'
  /** A terminal, but for standard error, which is a file. */
  | 'terminal, stderr apart';

/** How a process ended and what it wrote; in a terminal `stdout` is the screen, with standard error on it. */
export interface Finished {
  /** As a shell has it: 128 and the signal's number where a signal ended the process. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliProcess {
  /** Of the command line itself, also where a terminal is between. */
  pid(): Promise<number>;
  stdout(): string;
  /** Ctrl-C in a terminal, the signal elsewhere. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): Promise<void>;
  finished: Promise<Finished>;
}

const NUMBERS: Record<string, number> = { SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

/** Starts a command line on pipes or in a real terminal (util-linux's `script`), with nothing in its environment but `env`. */
export async function startCli(
  bin: string,
  args: readonly string[],
  { env, cwd, wiring = 'pipes' }: { env: Record<string, string>; cwd: string; wiring?: Wiring },
): Promise<CliProcess> {
  if (wiring === 'pipes') {
    const child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
    const finished = closed(child).then((code) => ({ code, stdout: stdout(), stderr: stderr() }));
    const pid = child.pid as number;
    return { pid: async () => pid, stdout, interrupt: async (signal) => void process.kill(pid, signal), finished };
  }
  const { path: folder, remove } = await tempFolder('codegen-terminal');
  const [pidFile, errorFile] = [join(folder, 'pid'), join(folder, 'stderr')];
  const apart = wiring === 'terminal, stderr apart' ? ` 2>${quoted(errorFile)}` : '';
  const command = [process.execPath, bin, ...args].map(quoted).join(' ');
  const line = `stty cols 80 rows 24 -echo; echo $$ >${quoted(pidFile)}; exec ${command}${apart}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined);
  const stdout = gather(child.stdout);
  const pid = () => waitFor('the process id', async () => Number(await readFile(pidFile, 'utf8')));
  const finished = closed(child).then(async (code) => {
    const stderr = apart === '' ? '' : await readFile(errorFile, 'utf8');
    await remove();
    return { code, stdout: stdout(), stderr };
  });
  const interrupt = async (signal: 'SIGINT' | 'SIGTERM') => {
    if (signal === 'SIGINT') child.stdin.write('\u0003');
    else process.kill(await pid(), signal);
  };
  return { pid, stdout, interrupt, finished };
}

/** A word as the shell takes it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

async function closed(child: ChildProcess): Promise<number> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (NUMBERS[signal ?? ''] ?? 0);
}
