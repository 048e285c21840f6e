import { safeGitEnvironment, safeGitSettings } from '@codegen/sdk/git';
import { boundedText, withoutPatterns } from '@codegen/sdk/text';
import { execa } from 'execa';
import { inheritedEnvironment } from './config.js';

const TIMEOUT_MS = 60_000;
/** Of what it says where it fails. */
const MAX_SAID_BYTES = 2000;
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024;

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
  readonly input?: string;
  readonly encoding?: 'utf8' | 'latin1';
}

/** Runs git. Throws unless the exit code is 0 or one of `expect`, with what git said. */
export async function runGit(
  args: readonly string[],
  { expect = [], env = {}, mostBytes, input, encoding = 'utf8' }: GitOptions = {},
): Promise<GitOutput> {
  const { stdout, stderr, exitCode, shortMessage, isMaxBuffer } = await execa('git', [...safeGitSettings, ...args], {
    env: { ...inheritedEnvironment(), ...safeGitEnvironment, ...env },
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    encoding,
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
