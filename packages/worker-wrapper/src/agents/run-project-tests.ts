#!/usr/bin/env node
/**
 * An agent that is no AI: runs the tests of the project in the working folder, as `.project.yml` names them, and says
 * how they ended in a result block. Fails with the end of the output as its summary.
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

/** The wrapper keeps 16 KiB: a sentence and the failing tests, the end of stderr, and the end of all output. */
const TAIL_BYTES = 11 * 1024;
const LIST_BYTES = 2 * 1024;
const STDERR_BYTES = 2 * 1024;
/** Characters of a line that are looked through. */
const MAX_LINE = TAIL_BYTES;
/** Characters of a last line that stands for all output. */
const MAX_LAST = 300;
/** Of the names of a commit's files. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Code of any language: what lies beside tests, such as a document or data, is none. */
const CODE =
  /\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|scala|groovy|clj|cs|fs|php|exs?|erl|swift|dart|c|cc|cpp|h|hpp|lua|pl|t|sh|bats|feature|hs|jl|r)$/i;
/** A file of tests, as most languages name them. */
const TEST_FILE =
  /(?:^|\/)(?:tests?|specs?|__tests__)\/(?!fixtures\/)|[._-](?:test|spec)\.\w+$|(?:^|\/)test_[^/]{1,200}\.py$/;
/** One that may be such a file. */
const MAYBE_TEST_FILE = /test|spec|check|e2e|feature|\.(?:t|bats)$/i;
const PROGRESS_EVERY_MS = 500;
const DRAIN_MS = 1000;

interface Outcome {
  readonly ok: boolean;
  readonly why: string;
  readonly output: string;
  /** Which tests failed, where the output tells. */
  readonly failed?: string | undefined;
  /** Whether it says that tests ran, or that not one did. */
  readonly hasRun?: boolean;
  readonly isEmpty?: boolean;
}

// Whoever reads the prompt is somebody else: the tests need none.
process.stdin.resume();

const outcome = await runTests().catch((error: unknown) => ({
  ok: false,
  why: messageOf(error),
  output: '',
}));
const summary = outcome.ok ? outcome.why : `${outcome.why}\n${outcome.output}`.trim();
// Escaped, so that a closing mark in the output does not end the block.
const block = JSON.stringify({ status: outcome.ok ? 'success' : 'failed', summary }).replaceAll('<', '\\u003c');
process.stdout.write(`<result>${block}</result>\n`, () => process.exit(outcome.ok ? 0 : 1));

async function runTests(): Promise<Outcome> {
  const { build, test } = await manifest();
  const install = await installCommand();
  if (install) {
    const installed = await run(install);
    if (!installed.ok) return { ...installed, why: `the dependencies cannot be installed: ${installed.why}` };
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
      why: `no test ran: ${command} ended well, and had none to run; write tests, or bring them back`,
    };
  }
  const gone = tested.hasRun ? undefined : await goneTests();
  if (gone) return { ...tested, ok: false, why: gone };
  const isSilent = tested.output.trim() === '';
  return {
    ...tested,
    why: isSilent ? `no tests ran, as far as is told: ${command} ended well, without a word` : 'the tests pass',
  };
}

/** That main has tests and this commit none of them, nor others, as far as can be told: that the command ended well means nothing. */
async function goneTests(): Promise<string | undefined> {
  const [main, now] = await Promise.all(['refs/remotes/origin/main', 'HEAD'].map(codeFiles));
  const before = main?.filter((path) => TEST_FILE.test(path)) ?? [];
  const [first] = before;
  if (!first || !now || now.some((path) => MAYBE_TEST_FILE.test(path))) return undefined;
  const files = before.length === 1 ? `a file of them, ${first},` : `${before.length} files of them, such as ${first},`;
  return `all tests are gone: main has ${files} and this commit none; bring them back, or write others`;
}

/** Undefined where the folder is no clone, or has no such branch. */
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

/** Runs a command, shows some of its lines as progress, and says what failed before the end of its output. */
async function run(command: readonly string[]): Promise<Outcome> {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: '1', NO_COLOR: '1' },
  });
  let output = '';
  let complaints = '';
  let cut = false;
  let shownAt = 0;
  const report = new TestReport();
  const show = (line: string) => {
    const said = report.line(line.slice(0, MAX_LINE));
    const now = Date.now();
    if (!said || (!said.isNews && now - shownAt < PROGRESS_EVERY_MS)) return;
    shownAt = now;
    // The wrapper takes the mark of a result for ours.
    process.stdout.write(`${plainLine(said.text).replaceAll('<result>', '< result>')}\n`);
  };
  const take = async (stream: Readable) => {
    for await (const line of readLines(stream)) {
      output += `${line.slice(-TAIL_BYTES)}\n`;
      // Cut now and then only: tests may print very many short lines.
      if (output.length > 8 * TAIL_BYTES) {
        output = lastLines(output, TAIL_BYTES);
        cut = true;
      }
      if (stream === child.stderr) complaints = `${complaints}${line}\n`.slice(-8 * STDERR_BYTES);
      show(line);
    }
  };
  const reading = Promise.all([take(child.stdout), take(child.stderr)]);
  const why = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${program} cannot be run: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? '' : `${program} ended with ${signal ?? `code ${code}`}`),
    );
  });
  // What the command left running may hold its output open; the wrapper ends it.
  await Promise.race([reading, sleep(DRAIN_MS)]);
  const end = lastLines(output, TAIL_BYTES);
  cut ||= end !== output;
  const parts = [
    report.failed.length > 3 && boundedText(report.failed.map(describe).join('\n'), { maxBytes: LIST_BYTES }),
    cut && complaints.trim() !== '' && `stderr:\n${lastLines(complaints, STDERR_BYTES)}`,
    end,
  ];
  return {
    ok: why === '',
    why: told(why, output),
    failed: report.sentence(),
    hasRun: report.hasRun,
    isEmpty: report.isEmpty,
    output: parts.filter(Boolean).join('\n'),
  };
}

/** Why a command failed whose output is in no known form: how it ended, and its last word. */
function told(why: string, output: string): string {
  const last = output.trimEnd().split('\n').at(-1)?.trim();
  return last ? `${why}: ${plainLine(last, MAX_LAST)}` : why;
}

/** The end of a text, from a whole line on where it has one: half of a secret would not be known as one. */
function lastLines(text: string, maxBytes: number): string {
  const end = boundedText(text, { maxBytes, keep: 'end' });
  const lineEnd = end === text ? -1 : end.indexOf('\n');
  return lineEnd < 0 ? end : `[cut]${end.slice(lineEnd)}`;
}
