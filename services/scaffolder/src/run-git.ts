import { type GitResult, runGit as run } from '@codegen/sdk/git';
import { boundedText, withoutPatterns } from '@codegen/sdk/text';
import { inheritedEnvironment } from './config.js';

/** Of what it says where it fails. */
const MAX_SAID_BYTES = 2000;

export interface GitOptions {
  /** Exit codes that are an answer too. */
  readonly expect?: readonly number[];
  readonly env?: Record<string, string>;
  /** Where it prints more, it is ended, and its output is cut there: that is an answer too. */
  readonly mostBytes?: number;
  readonly input?: string;
  readonly encoding?: 'utf8' | 'latin1';
}

/** Runs git. Throws unless the exit code is 0 or one of `expect`, with what git said. */
export async function runGit(
  args: readonly string[],
  { expect = [], env, mostBytes, ...options }: GitOptions = {},
): Promise<GitResult> {
  const { PATH: path = '', ...inherited } = inheritedEnvironment();
  const limits = mostBytes === undefined ? {} : { mostBytes };
  const result = await run(args, { path, env: { ...inherited, ...env }, ...limits, ...options });
  const { exitCode, stderr, limit } = result;
  if (limit === 'output' && mostBytes !== undefined) return { ...result, exitCode: 0 };
  if (exitCode === 0 || (exitCode !== undefined && expect.includes(exitCode))) return result;
  const said = boundedText(withoutPatterns(stderr.trim()), { maxBytes: MAX_SAID_BYTES, keep: 'end' });
  const command = args.find((word) => /^[a-z]/.test(word));
  throw new Error(`git ${command} ended with ${exitCode ?? 'no exit code'}${said ? `: ${said}` : ''}`);
}
