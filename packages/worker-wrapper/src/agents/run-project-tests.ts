#!/usr/bin/env node
/**
 * An agent without AI: runs the test command of `.project.yml` in the working folder and reports the outcome in a result
 * block. On failure the summary is the end of the output.
 */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileBelow } from '@codegen/sdk/files';
import { runGit } from '@codegen/sdk/git';
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, parseManifest, readNpmPackage } from '@codegen/sdk/manifest';
import { boundedText, messageOf } from '@codegen/sdk/text';
import { plainLine } from '../progress.js';
import { readLines } from '../read-events.js';
import { describe, TestReport } from './test-report.js';

/** The wrapper keeps 16 KiB: a sentence with the failing tests, the end of stderr, and the end of all output. */
const TAIL_BYTES = 11 * 1024;
const LIST_BYTES = 2 * 1024;
const STDERR_BYTES = 2 * 1024;
/** Maximum characters of a line that are parsed. */
const MAX_LINE = TAIL_BYTES;
/** Maximum characters of the last line of output in an error. */
const MAX_LAST = 300;
/** Maximum bytes of a commit's list of files. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Source files of any language, unlike documents and data beside tests. */
const CODE =
  /\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|scala|groovy|clj|cs|fs|php|exs?|erl|swift|dart|c|cc|cpp|h|hpp|lua|pl|t|sh|bats|feature|hs|jl|r)$/i;
/** Test files, as most languages name them. */
const TEST_FILE =
  /(?:^|\/)(?:tests?|specs?|__tests__)\/(?!fixtures\/)|[._-](?:test|spec)\.\w+$|(?:^|\/)test_[^/]{1,200}\.py$/;
/** Files that may be test files. */
const MAYBE_TEST_FILE = /test|spec|check|e2e|feature|\.(?:t|bats)$/i;
const PROGRESS_EVERY_MS = 500;
const DRAIN_MS = 1000;

interface Outcome {
  readonly ok: boolean;
  readonly why: string;
  readonly output: string;
  /** The failed tests, if the output names them. */
  readonly failed?: string | undefined;
  /** Whether the output shows that tests ran, or that none did. */
  readonly hasRun?: boolean;
  readonly isEmpty?: boolean;
}

// The tests need no prompt.
process.stdin.resume();

const outcome = await runTests().catch((error: unknown) => ({
  ok: false,
  why: messageOf(error),
  output: '',
}));
const summary = outcome.ok ? outcome.why : `${outcome.why}\n${outcome.output}`.trim();
// Escaped, so that a closing tag in the output does not end the block.
const block = JSON.stringify({ status: outcome.ok ? 'success' : 'failed', summary }).replaceAll('<', '\\u003c');
process.stdout.write(`<result>${block}</result>\n`, () => process.exit(outcome.ok ? 0 : 1));

async function runTests(): Promise<Outcome> {
  const { build, test } = await manifest();
  const install = await installCommand();
  if (install) {
    const installed = await run(install);
    if (!installed.ok) return { ...installed, why: `installing the dependencies failed: ${installed.why}` };
  }
  if (build) {
    const built = await run(build);
    if (!built.ok) return { ...built, why: `the build failed: ${built.why}` };
  }
  const tested = await run(test);
  if (!tested.ok) return { ...tested, why: tested.failed ?? `the tests failed: ${tested.why}` };
  const command = test.join(' ');
  if (tested.isEmpty) {
    return {
      ...tested,
      ok: false,
      why: `no test ran: ${command} succeeded but found no tests; write tests or restore them`,
    };
  }
  const removed = tested.hasRun ? undefined : await removedTests();
  if (removed) return { ...tested, ok: false, why: removed };
  const isSilent = tested.output.trim() === '';
  return {
    ...tested,
    why: isSilent ? `${command} succeeded without output; it is not known whether tests ran` : 'the tests pass',
  };
}

/** Reports that main has test files and this commit has none: the command's success then proves nothing. */
async function removedTests(): Promise<string | undefined> {
  const [main, now] = await Promise.all(['refs/remotes/origin/main', 'HEAD'].map(codeFiles));
  const before = main?.filter((path) => TEST_FILE.test(path)) ?? [];
  const [first] = before;
  if (!first || !now || now.some((path) => MAYBE_TEST_FILE.test(path))) return undefined;
  const files = before.length === 1 ? `the test file ${first}` : `${before.length} test files, such as ${first},`;
  return `all tests were removed: main has ${files} and this commit has none; restore them or write new ones`;
}

/** Source files of a revision; undefined if the folder is not a clone or the revision does not exist. */
async function codeFiles(revision: string): Promise<string[] | undefined> {
  const list = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', revision];
  const { exitCode, stdout } = await runGit(list, { path: process.env.PATH ?? '', mostBytes: MAX_LIST_BYTES });
  return exitCode === 0 ? stdout.split('\0').filter((path) => CODE.test(path)) : undefined;
}

async function manifest() {
  const bytes = await readFileBelow('.', MANIFEST_FILE, { mostBytes: MAX_MANIFEST_BYTES });
  return parseManifest(bytes?.toString());
}

async function installCommand(): Promise<readonly string[] | undefined> {
  const found = await readNpmPackage('.');
  if (Object.keys({ ...found?.dependencies, ...found?.devDependencies }).length === 0) return undefined;
  return ['npm', found?.locked ? 'ci' : 'install', '--no-audit', '--no-fund'];
}

/** Runs a command and shows some of its lines as progress. Its outcome lists the failed tests before the end of the output. */
async function run(command: readonly string[]): Promise<Outcome> {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: '1', NO_COLOR: '1' },
  });
  let output = '';
  let errors = '';
  let cut = false;
  let shownAt = 0;
  const report = new TestReport();
  const show = (line: string) => {
    const shown = report.line(line.slice(0, MAX_LINE));
    const now = Date.now();
    if (!shown || (!shown.isFailure && now - shownAt < PROGRESS_EVERY_MS)) return;
    shownAt = now;
    // The wrapper would read an unescaped tag as our result.
    process.stdout.write(`${plainLine(shown.text).replaceAll('<result>', '< result>')}\n`);
  };
  const take = async (stream: Readable) => {
    for await (const line of readLines(stream)) {
      output += `${line.slice(-TAIL_BYTES)}\n`;
      // Cut rarely: tests may print very many short lines.
      if (output.length > 8 * TAIL_BYTES) {
        output = lastLines(output, TAIL_BYTES);
        cut = true;
      }
      if (stream === child.stderr) errors = `${errors}${line}\n`.slice(-8 * STDERR_BYTES);
      show(line);
    }
  };
  const reading = Promise.all([take(child.stdout), take(child.stderr)]);
  const why = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot run ${program}: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? '' : signal ? `${program} was killed by ${signal}` : `${program} exited with code ${code}`),
    );
  });
  // Processes that the command left running may keep its output open; the wrapper ends them.
  await Promise.race([reading, sleep(DRAIN_MS)]);
  const end = lastLines(output, TAIL_BYTES);
  cut ||= end !== output;
  const parts = [
    report.failed.length > 3 && boundedText(report.failed.map(describe).join('\n'), { maxBytes: LIST_BYTES }),
    cut && errors.trim() !== '' && `stderr:\n${lastLines(errors, STDERR_BYTES)}`,
    end,
  ];
  return {
    ok: why === '',
    why: withLastLine(why, output),
    failed: report.sentence(),
    hasRun: report.hasRun,
    isEmpty: report.isEmpty,
    output: parts.filter(Boolean).join('\n'),
  };
}

/** The reason of a failure whose output has no known format: how the command ended, and its last line. */
function withLastLine(why: string, output: string): string {
  const last = output.trimEnd().split('\n').at(-1)?.trim();
  return last ? `${why}: ${plainLine(last, MAX_LAST)}` : why;
}

/** The end of a text, starting at a whole line if possible, since half a secret would not be recognised. */
function lastLines(text: string, maxBytes: number): string {
  const end = boundedText(text, { maxBytes, keep: 'end' });
  const lineEnd = end === text ? -1 : end.indexOf('\n');
  return lineEnd < 0 ? end : `[cut]${end.slice(lineEnd)}`;
}
