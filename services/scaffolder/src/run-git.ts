import { safeGitEnvironment, safeGitSettings } from '@codegen/sdk/git';
import { boundedText, withoutPatterns } from '@codegen/sdk/text';
import { execa } from 'execa';

const TIMEOUT_MS = 60_000;
/** Of what it says where it fails. */
const MAX_SAID_BYTES = 2000;
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024;

// Where this process was started in a repository, or by a git, its variables name other repositories and settings.
const NOT_INHERITED = {
  GIT_CONFIG_COUNT: undefined,
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
};

export interface GitOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface GitOptions {
  /** Exit codes that are an answer too. */
  readonly expect?: readonly number[];
  readonly env?: Record<string, string>;
  /** Where it prints more, it is ended, and its output is cut there. */
  readonly mostBytes?: number;
}

/** Runs git. Throws unless the exit code is 0 or one of `expect`, with what git said. */
export async function runGit(
  args: readonly string[],
  { expect = [], env = {}, mostBytes }: GitOptions = {},
): Promise<GitOutput> {
  const { stdout, stderr, exitCode, shortMessage, isMaxBuffer } = await execa('git', [...safeGitSettings, ...args], {
    env: { ...NOT_INHERITED, ...safeGitEnvironment, ...env } as NodeJS.ProcessEnv as Record<string, string>,
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
    timeout: TIMEOUT_MS,
    maxBuffer: mostBytes ?? MAX_OUTPUT_BYTES,
  });
  if (isMaxBuffer && mostBytes !== undefined) return { stdout, stderr, exitCode: 0 };
  if (exitCode === undefined || (exitCode !== 0 && !expect.includes(exitCode))) {
    const said = boundedText(withoutPatterns(stderr.trim()), { maxBytes: MAX_SAID_BYTES, keep: 'end' });
    throw new Error(`${shortMessage ?? `git ended with ${exitCode}`}${said ? `: ${said}` : ''}`);
  }
  return { stdout, stderr, exitCode };
}
