import { type ExecFileException, execFile } from 'node:child_process';
import { safeGitEnvironment, safeGitSettings } from './safe-git.js';

const TIMEOUT_MS = 60_000;
const MOST_BYTES = 128 * 1024 * 1024;

export interface GitOptions {
  /** PATH of git, and of what it runs, such as ssh. */
  readonly path: string;
  /** Further variables, such as GIT_INDEX_FILE. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads; nothing by default. */
  readonly input?: string | Buffer | undefined;
  /** latin1 keeps every byte of the output apart; utf8 by default. */
  readonly encoding?: 'utf8' | 'latin1';
  /** 60,000 by default. */
  readonly timeoutMs?: number;
  /** Where it prints more, it is ended, and its output is cut there; 128 MiB by default. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal;
}

export interface GitResult {
  /** Undefined where it did not end by itself. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** What it said, or why it could not be run. */
  readonly stderr: string;
  /** Which limit it was ended at. */
  readonly limit: 'time' | 'output' | undefined;
}

/**
 * Runs git. Every git of ours runs like that: on what the arguments name, with no hook, filter, transport or configuration that lies
 * on the machine or in a repository, and with an end. Any exit code is a result.
 * @throws the reason of an aborted signal
 */
export async function runGit(
  args: readonly string[],
  { path, env, input, encoding = 'utf8', timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES, signal }: GitOptions,
): Promise<GitResult> {
  const options = {
    env: { ...env, ...safeGitEnvironment, PATH: path },
    ...{ encoding, timeout: timeoutMs, maxBuffer: mostBytes },
    ...(signal && { signal }),
  };
  const result = await new Promise<GitResult>((resolve) => {
    const child = execFile('git', [...safeGitSettings, ...args], options, (error, stdout, stderr) =>
      resolve({ stdout, ...endOf(error, stderr) }),
    );
    // A git that needs no more of it closes its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
  signal?.throwIfAborted();
  return result;
}

function endOf(error: ExecFileException | null, stderr: string): Omit<GitResult, 'stdout'> {
  if (!error) return { exitCode: 0, stderr, limit: undefined };
  if (typeof error.code === 'number') return { exitCode: error.code, stderr, limit: undefined };
  const isTooMuch = (error.code as unknown) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
  const limit = isTooMuch ? 'output' : error.killed ? 'time' : undefined;
  const why = limit === 'time' ? 'git took too long' : limit === 'output' ? 'git printed too much' : error.message;
  return { exitCode: undefined, stderr: stderr || why, limit };
}
