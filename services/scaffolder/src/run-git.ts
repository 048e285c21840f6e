import { execa } from 'execa';

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

// Git sees the configuration of the repository at hand and nothing else, wherever this process was started from.
const GIT_ENVIRONMENT: Record<string, string | undefined> = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'core.hooksPath',
  GIT_CONFIG_VALUE_0: '/dev/null',
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
  LC_ALL: 'C',
};

export interface GitOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs git. Throws unless the exit code is 0 or one of `expect`, with what git said. */
export async function runGit(
  args: readonly string[],
  { expect = [], env = {} }: { expect?: readonly number[]; env?: Record<string, string> } = {},
): Promise<GitOutput> {
  const { stdout, stderr, exitCode, shortMessage } = await execa('git', args, {
    env: { ...GIT_ENVIRONMENT, ...env } as NodeJS.ProcessEnv as Record<string, string>,
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  if (exitCode === undefined || (exitCode !== 0 && !expect.includes(exitCode))) {
    throw new Error(`${shortMessage ?? `git ended with ${exitCode}`}${stderr ? `: ${stderr.trim()}` : ''}`);
  }
  return { stdout, stderr, exitCode };
}
