import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainLine } from '../progress.js';

/** A failed test, as reported by its runner. */
export interface FailedTest {
  name: string;
  /** File and line, `test/bad.test.js:2`. */
  place?: string;
  /** The first line of its message. */
  message?: string;
}

/** The result of one test. */
type Result = { passed: string } | { failed: FailedTest } | { skipped: string };

interface Format {
  /** Reads a line and returns the test results in it. */
  line(text: string): Iterable<Result>;
  /** The total number of tests, if the runner reports it. */
  readonly reported?: number | undefined;
  /** Whether it certainly is a test report: other programs print similar lines. */
  readonly isCertain: boolean;
}

/** Output of other runners that found no tests: Python's unittest, Mocha. */
const NO_TESTS = /^(?:Ran 0 tests in |\s{0,10}0 passing\b)/;
/** Output of other runners that ran tests: Python's, Mocha, Jest, Vitest, cargo, RSpec, PHPUnit, Maven, .NET, Go. */
const TESTS_RAN = [
  /\b[1-9]\d{0,8} (?:passed|passing|pass|examples?)\b/,
  /^Ran [1-9]\d{0,8} tests? in /,
  /^OK \([1-9]\d{0,8} tests?\b/,
  /\bTests run: [1-9]/,
  /\bPassed: {1,10}[1-9]/,
  /^ok {2}\t\S+\t(?!.*\[no tests to run\])/,
];
const MAX_NAME = 120;
const MAX_MESSAGE = 300;
/** Failures stored with their names; further ones are only counted. */
const MAX_KEPT = 100;
/** Failures named in the sentence. */
const NAMED = 3;

/**
 * Parses the output of a test runner line by line: TAP, Node's `spec` reporter, JUnit. Ignores other formats. Takes linear
 * time on any input.
 */
export class TestReport {
  readonly failed: FailedTest[] = [];
  #format: Format | undefined;
  #failures = 0;
  #hasRun = false;
  #foundNone = false;
  /** Tests of the current report, and those of earlier reports in the same output. */
  #counted = 0;
  #earlier = 0;

  /** Reads a line; returns its text for a person. A failed test takes precedence over passed ones. */
  line(text: string): { text: string; isFailure: boolean } | undefined {
    this.#hasRun ||= TESTS_RAN.some((form) => form.test(text));
    this.#foundNone ||= NO_TESTS.test(text);
    const format = formatOf(text);
    if (format && !(this.#format && format instanceof SpecReport)) {
      this.#earlier = this.total;
      this.#counted = 0;
      this.#format = format;
    }
    if (!this.#format) return { text, isFailure: false };
    let shown: { text: string; isFailure: boolean } | undefined;
    for (const result of this.#format.line(text)) {
      this.#counted += 1;
      if (!('skipped' in result)) this.#hasRun = true;
      if ('failed' in result) {
        this.#failures += 1;
        if (this.failed.length < MAX_KEPT) this.failed.push(result.failed);
        shown = { text: `failed: ${result.failed.name}`, isFailure: true };
      } else if ('passed' in result) {
        shown ??= { text: this.#soFar(result.passed), isFailure: false };
      }
    }
    return shown;
  }

  /** The total number of tests. */
  get total(): number {
    return this.#earlier + Math.max(this.#format?.reported ?? 0, this.#counted);
  }

  /** Whether the output shows that a test ran. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Whether the output shows that no test ran. Only some runners of unknown formats report this. */
  get isEmpty(): boolean {
    return !this.#hasRun && (this.#foundNone || this.#format?.isCertain === true);
  }

  /** "1 of 16 tests failed: bad (test/bad.test.js:2) it is bad"; undefined if no failed test is known. */
  sentence(): string | undefined {
    if (this.#failures === 0) return undefined;
    const named = this.failed.slice(0, NAMED).map(describe).join('; ');
    const more = this.#failures > NAMED ? `; and ${this.#failures - NAMED} more` : '';
    return `${this.#failures} of ${this.total} tests failed: ${named}${more}`;
  }

  #soFar(passed: string): string {
    const [first] = this.failed;
    return first ? `${this.#failures} failed so far: ${first.name}` : `passed: ${passed}`;
  }
}

/** Stores the first line of a test's failure message; after a line that ends with a colon, also the next one. */
function addMessage(test: FailedTest, line: string): void {
  if (test.message === undefined) test.message = short(line, MAX_MESSAGE);
  else if (test.message.endsWith(':')) test.message = short(`${test.message} ${line}`, MAX_MESSAGE);
}

/** Node's runner reports a file without tests as a passed test. */
function isFile(name: string): boolean {
  return /^\S{1,400}\.[cm]?[jt]sx?$/.test(name);
}

/** A failed test in one line. */
export function describe({ name, place, message }: FailedTest): string {
  return [name, place && `(${place})`, message].filter(Boolean).join(' ');
}

function formatOf(line: string): Format | undefined {
  if (line.startsWith('TAP version ')) return new TapReport();
  if (line.startsWith('<?xml') || line.startsWith('<testsuite')) return new JunitReport();
  return /^\s{0,40}[✔✖▶﹣ℹ] /.test(line) ? new SpecReport() : undefined;
}

/** Test Anything Protocol, with the indented subtests and YAML blocks of version 13 and 14. */
class TapReport implements Format {
  readonly isCertain = true;
  reported: number | undefined;
  /** Earlier results by indent; those deeper than the next result are its subtests. */
  #levels: { indent: number; failed: boolean }[] = [];
  #test: FailedTest | undefined;
  /** Indent of the last result's YAML block, while inside it. */
  #block: number | undefined;
  /** Indent of the key whose text is on the following lines. */
  #textOf: number | undefined;

  *line(text: string): Generator<Result> {
    const indent = text.length - text.trimStart().length;
    const bare = text.trim();
    if (this.#block !== undefined) {
      if (bare === '...' && indent <= this.#block) this.#block = undefined;
      else this.#detail(bare, indent);
    } else if (bare === '---') {
      this.#block = indent;
      this.#textOf = undefined;
    } else if (indent === 0 && bare.startsWith('# tests ')) {
      this.reported = Number.parseInt(bare.slice(8), 10) || undefined;
    } else if (/^(?:not )?ok(?: |$)/.test(bare)) {
      const result = this.#result(bare, indent);
      if (result) yield result;
    }
  }

  #result(bare: string, indent: number): Result | undefined {
    const isOk = bare.startsWith('ok');
    const [title = '', directive = ''] = splitDirective(bare.slice(isOk ? 2 : 6).trim());
    const name = short(title.replace(/^\d+/, '').trim().replace(/^- /, ''), MAX_NAME) || 'unnamed test';
    const children = this.#levels.filter((level) => level.indent > indent);
    this.#levels = this.#levels.filter((level) => level.indent <= indent);
    const failed = !isOk && !/^todo\b/i.test(directive);
    const level = this.#levels.find((one) => one.indent === indent);
    if (level) level.failed ||= failed;
    else this.#levels.push({ indent, failed });
    this.#test = undefined;
    // A test with subtests repeats their outcome, unless it failed by itself.
    if (children.length > 0 && (!failed || children.some((one) => one.failed))) return undefined;
    if (!failed) return /^(?:skip|todo)\b/i.test(directive) || isFile(name) ? { skipped: name } : { passed: name };
    this.#test = { name };
    return { failed: this.#test };
  }

  #detail(bare: string, indent: number): void {
    const test = this.#test;
    if (!test || bare === '') return;
    if (this.#textOf !== undefined && indent > this.#textOf) {
      addMessage(test, bare);
      return;
    }
    this.#textOf = undefined;
    const colon = bare.indexOf(':');
    const [key, value] = [bare.slice(0, colon), bare.slice(colon + 1).trim()];
    if (key === 'location' || key === 'at') setPlace(test, unquoted(value));
    if (key !== 'error' && key !== 'message') return;
    if (value.startsWith('|') || value.startsWith('>')) this.#textOf = indent;
    else addMessage(test, unquoted(value));
  }
}

/** Node's `spec` reporter: it lists the failed tests at the end, with their places. */
class SpecReport implements Format {
  isCertain = false;
  reported: number | undefined;
  #place: string | undefined;
  #inList = false;
  #test: FailedTest | undefined;

  *line(text: string): Generator<Result> {
    const bare = text.trim();
    if (bare.startsWith('ℹ tests ')) {
      this.isCertain = true;
      this.reported = Number.parseInt(bare.slice(8), 10) || undefined;
    } else if (bare === '✖ failing tests:') this.#inList = true;
    else if (this.#inList) {
      const result = this.#listed(bare);
      if (result) yield result;
    } else if (bare.startsWith('✔ ')) {
      const name = nameIn(bare);
      yield bare.endsWith('# TODO') || isFile(name) ? { skipped: name } : { passed: name };
    }
  }

  #listed(bare: string): Result | undefined {
    if (bare.startsWith('test at ')) {
      this.#place = bare.slice(8);
      this.#test = undefined;
    } else if (bare.startsWith('✖ ')) {
      if (bare.endsWith('# TODO')) return undefined;
      this.#test = { name: nameIn(bare) };
      if (this.#place) setPlace(this.#test, this.#place);
      this.#place = undefined;
      return { failed: this.#test };
    } else if (bare !== '' && this.#test) {
      addMessage(this.#test, unquoted(bare.replace(/^[A-Z]\w{0,60}(?: \[\w{1,60}\])?: /, '')));
    }
    return undefined;
  }
}

/** JUnit's XML, read tag by tag. */
class JunitReport implements Format {
  isCertain = false;
  #test: FailedTest | undefined;
  #hasFailed = false;
  #isSkipped = false;

  *line(text: string): Generator<Result> {
    // Some runners print all tests in one line.
    for (const tag of text.split('<')) {
      const result = this.#tag(tag);
      if (result) yield result;
    }
  }

  #tag(tag: string): Result | undefined {
    this.isCertain ||= tag.startsWith('testsuite');
    if (tag.startsWith('testcase ')) {
      const { name = 'unnamed test', file, line, classname } = attributes(tag);
      this.#test = { name: short(name, MAX_NAME) };
      this.#hasFailed = false;
      if (file) setPlace(this.#test, line ? `${file}:${line}` : file);
      else if (classname) this.#test.place = short(classname, MAX_NAME);
      return tag.trimEnd().endsWith('/>') ? this.#passed() : undefined;
    }
    if (tag.startsWith('/testcase')) return this.#passed();
    if (tag.startsWith('skipped')) this.#isSkipped = true;
    if (!this.#test || this.#hasFailed || !/^(?:failure|error)\b/.test(tag)) return undefined;
    this.#hasFailed = true;
    const { message } = attributes(tag);
    const text = message ?? tag.slice(tag.indexOf('>') + 1);
    for (const line of entities(text).split('\n')) if (line.trim() !== '') addMessage(this.#test, line.trim());
    return { failed: this.#test };
  }

  #passed(): Result | undefined {
    const test = this.#hasFailed ? undefined : this.#test;
    this.#test = undefined;
    const isSkipped = this.#isSkipped;
    this.#isSkipped = false;
    return test && (isSkipped ? { skipped: test.name } : { passed: test.name });
  }
}

function attributes(tag: string): Partial<Record<string, string>> {
  const found = tag.matchAll(/ (name|classname|file|line|message)="([^"]*)"/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, entities(value as string)]));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", '#10': '\n', amp: '&' };

function entities(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|#10|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}

/** Splits a TAP result at ` # ` into its title and its directive. */
function splitDirective(text: string): [string, string] {
  const at = text.lastIndexOf(' # ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 3)];
}

/** `✖ name (1.2ms)` without the mark and the duration. */
function nameIn(bare: string): string {
  const end = bare.lastIndexOf(' (');
  return short(bare.slice(2, end > 2 && bare.includes('ms)', end) ? end : undefined), MAX_NAME);
}

/** Sets `file:line:column` as file and line, relative to the project's folder. */
function setPlace(test: FailedTest, place: string): void {
  const [file = '', line] = pathIn(place).split(':');
  if (file === '') return;
  const near = file.startsWith('/') ? relative(process.cwd(), file) : file;
  test.place = short(line === undefined ? near : `${near}:${line}`, MAX_NAME);
}

/** The path of a `file:` URL; runners also print URLs that are no valid local path. */
function pathIn(place: string): string {
  if (!place.startsWith('file://')) return place;
  try {
    return fileURLToPath(place);
  } catch {
    return place.slice('file://'.length);
  }
}

function unquoted(text: string): string {
  return /^(['"]).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** One line without control characters, both of which JUnit's XML can encode. */
function short(text: string, most: number): string {
  const plain = plainLine(text, most + 1);
  return plain.length <= most ? plain : `${plain.slice(0, most)}…`;
}
