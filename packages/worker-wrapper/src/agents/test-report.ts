import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainLine } from '../progress.js';

/** A test that failed, as far as its runner tells. */
export interface FailedTest {
  name: string;
  /** File and line, `test/bad.test.js:2`. */
  place?: string;
  /** The first line of what it says. */
  message?: string;
}

/** That a test passed, failed or did not run. */
type Seen = { passed: string } | { failed: FailedTest } | { skipped: string };

interface Format {
  /** Takes a line and gives what it tells of tests. */
  line(text: string): Iterable<Seen>;
  /** Tests in all, where the runner says so itself. */
  readonly told?: number | undefined;
  /** Whether it is a report for sure: programs that run no tests print such lines too. */
  readonly isSure: boolean;
}

/** What runners of other forms print where there is nothing to run: Python's unittest, Mocha. */
const SAYS_NONE = /^(?:Ran 0 tests in |\s{0,10}0 passing\b)/;
/** What runners of other forms print where tests ran: Python's, Mocha, Jest, Vitest, cargo, RSpec, PHPUnit, Maven, .NET, Go. */
const SAYS_SOME = [
  /\b[1-9]\d{0,8} (?:passed|passing|pass|examples?)\b/,
  /^Ran [1-9]\d{0,8} tests? in /,
  /^OK \([1-9]\d{0,8} tests?\b/,
  /\bTests run: [1-9]/,
  /\bPassed: {1,10}[1-9]/,
  /^ok {2}\t\S+\t(?!.*\[no tests to run\])/,
];
const MAX_NAME = 120;
const MAX_MESSAGE = 300;
/** Failures that are kept with their names; further ones are only counted. */
const MAX_KEPT = 100;
/** Failures that a sentence names. */
const NAMED = 3;

/**
 * Reads what a test runner prints, line by line: TAP, Node's `spec` reporter, JUnit. Of anything else it knows nothing.
 * Takes time by the length of what it reads, whatever that is.
 */
export class TestReport {
  readonly failed: FailedTest[] = [];
  #format: Format | undefined;
  #failures = 0;
  #hasRun = false;
  #saysNone = false;
  /** Tests of the report that is read, and those of reports before it in the same output. */
  #counted = 0;
  #earlier = 0;

  /** Takes a line; returns what it says to a person, a failing test before those that pass. */
  line(text: string): { text: string; isNews: boolean } | undefined {
    this.#hasRun ||= SAYS_SOME.some((form) => form.test(text));
    this.#saysNone ||= SAYS_NONE.test(text);
    const begun = formatOf(text);
    if (begun && !(this.#format && begun instanceof SpecReport)) {
      this.#earlier = this.total;
      this.#counted = 0;
      this.#format = begun;
    }
    if (!this.#format) return { text, isNews: false };
    let said: { text: string; isNews: boolean } | undefined;
    for (const seen of this.#format.line(text)) {
      this.#counted += 1;
      if (!('skipped' in seen)) this.#hasRun = true;
      if ('failed' in seen) {
        this.#failures += 1;
        if (this.failed.length < MAX_KEPT) this.failed.push(seen.failed);
        said = { text: `failed: ${seen.failed.name}`, isNews: true };
      } else if ('passed' in seen) {
        said ??= { text: this.#soFar(seen.passed), isNews: false };
      }
    }
    return said;
  }

  /** Tests in all. */
  get total(): number {
    return this.#earlier + Math.max(this.#format?.told ?? 0, this.#counted);
  }

  /** Whether the output says that a test ran. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Whether it says that none did. Of a form that is not known it is told by some runners only. */
  get isEmpty(): boolean {
    return !this.#hasRun && (this.#saysNone || this.#format?.isSure === true);
  }

  /** "1 of 16 tests failed: bad (test/bad.test.js:2) it is bad"; undefined where no failing test is known. */
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

/** Takes the first line of what a test says of its failure, and of one that ends with a colon what comes after it. */
function tell(test: FailedTest, line: string): void {
  if (test.message === undefined) test.message = short(line, MAX_MESSAGE);
  else if (test.message.endsWith(':')) test.message = short(`${test.message} ${line}`, MAX_MESSAGE);
}

/** A file that has no tests is a test that passes to Node's runner. */
function isFile(name: string): boolean {
  return /^\S{1,400}\.[cm]?[jt]sx?$/.test(name);
}

/** A failing test in one line. */
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
  readonly isSure = true;
  told: number | undefined;
  /** Results so far that stand deeper than the next one: those of its subtests. By their indent. */
  #levels: { indent: number; failed: boolean }[] = [];
  #test: FailedTest | undefined;
  /** Indent of the YAML block of the last result, inside of it. */
  #block: number | undefined;
  /** Indent of the key whose text stands on the next lines. */
  #textOf: number | undefined;

  *line(text: string): Generator<Seen> {
    const indent = text.length - text.trimStart().length;
    const bare = text.trim();
    if (this.#block !== undefined) {
      if (bare === '...' && indent <= this.#block) this.#block = undefined;
      else this.#detail(bare, indent);
    } else if (bare === '---') {
      this.#block = indent;
      this.#textOf = undefined;
    } else if (indent === 0 && bare.startsWith('# tests ')) {
      this.told = Number.parseInt(bare.slice(8), 10) || undefined;
    } else if (/^(?:not )?ok(?: |$)/.test(bare)) {
      const seen = this.#result(bare, indent);
      if (seen) yield seen;
    }
  }

  #result(bare: string, indent: number): Seen | undefined {
    const isOk = bare.startsWith('ok');
    const [title = '', directive = ''] = splitDirective(bare.slice(isOk ? 2 : 6).trim());
    const name = short(title.replace(/^\d+/, '').trim().replace(/^- /, ''), MAX_NAME) || 'a test without a name';
    const children = this.#levels.filter((level) => level.indent > indent);
    this.#levels = this.#levels.filter((level) => level.indent <= indent);
    const failed = !isOk && !/^todo\b/i.test(directive);
    const level = this.#levels.find((one) => one.indent === indent);
    if (level) level.failed ||= failed;
    else this.#levels.push({ indent, failed });
    this.#test = undefined;
    // A test with subtests says again how they ended, unless it failed by itself.
    if (children.length > 0 && (!failed || children.some((one) => one.failed))) return undefined;
    if (!failed) return /^(?:skip|todo)\b/i.test(directive) || isFile(name) ? { skipped: name } : { passed: name };
    this.#test = { name };
    return { failed: this.#test };
  }

  #detail(bare: string, indent: number): void {
    const test = this.#test;
    if (!test || bare === '') return;
    if (this.#textOf !== undefined && indent > this.#textOf) {
      tell(test, bare);
      return;
    }
    this.#textOf = undefined;
    const colon = bare.indexOf(':');
    const [key, value] = [bare.slice(0, colon), bare.slice(colon + 1).trim()];
    if (key === 'location' || key === 'at') setPlace(test, unquoted(value));
    if (key !== 'error' && key !== 'message') return;
    if (value.startsWith('|') || value.startsWith('>')) this.#textOf = indent;
    else tell(test, unquoted(value));
  }
}

/** What Node's test runner prints to people: the failing tests stand at the end, with their places. */
class SpecReport implements Format {
  isSure = false;
  told: number | undefined;
  #place: string | undefined;
  #inList = false;
  #test: FailedTest | undefined;

  *line(text: string): Generator<Seen> {
    const bare = text.trim();
    if (bare.startsWith('ℹ tests ')) {
      this.isSure = true;
      this.told = Number.parseInt(bare.slice(8), 10) || undefined;
    } else if (bare === '✖ failing tests:') this.#inList = true;
    else if (this.#inList) {
      const seen = this.#listed(bare);
      if (seen) yield seen;
    } else if (bare.startsWith('✔ ')) {
      const name = nameIn(bare);
      yield bare.endsWith('# TODO') || isFile(name) ? { skipped: name } : { passed: name };
    }
  }

  #listed(bare: string): Seen | undefined {
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
      tell(this.#test, unquoted(bare.replace(/^[A-Z]\w{0,60}(?: \[\w{1,60}\])?: /, '')));
    }
    return undefined;
  }
}

/** JUnit's XML, as far as it is one tag after the other. */
class JunitReport implements Format {
  isSure = false;
  #test: FailedTest | undefined;
  #seen = false;
  #isSkipped = false;

  *line(text: string): Generator<Seen> {
    // Some print all tests in one line.
    for (const tag of text.split('<')) {
      const seen = this.#tag(tag);
      if (seen) yield seen;
    }
  }

  #tag(tag: string): Seen | undefined {
    this.isSure ||= tag.startsWith('testsuite');
    if (tag.startsWith('testcase ')) {
      const { name = 'a test without a name', file, line, classname } = attributes(tag);
      this.#test = { name: short(name, MAX_NAME) };
      this.#seen = false;
      if (file) setPlace(this.#test, line ? `${file}:${line}` : file);
      else if (classname) this.#test.place = short(classname, MAX_NAME);
      return tag.trimEnd().endsWith('/>') ? this.#passed() : undefined;
    }
    if (tag.startsWith('/testcase')) return this.#passed();
    if (tag.startsWith('skipped')) this.#isSkipped = true;
    if (!this.#test || this.#seen || !/^(?:failure|error)\b/.test(tag)) return undefined;
    this.#seen = true;
    const { message } = attributes(tag);
    const said = message ?? tag.slice(tag.indexOf('>') + 1);
    for (const line of entities(said).split('\n')) if (line.trim() !== '') tell(this.#test, line.trim());
    return { failed: this.#test };
  }

  #passed(): Seen | undefined {
    const test = this.#seen ? undefined : this.#test;
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

/** What stands before ` # ` in a TAP result, and the directive behind it. */
function splitDirective(text: string): [string, string] {
  const at = text.lastIndexOf(' # ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 3)];
}

/** `✖ name (1.2ms)` without its mark and its time. */
function nameIn(bare: string): string {
  const end = bare.lastIndexOf(' (');
  return short(bare.slice(2, end > 2 && bare.includes('ms)', end) ? end : undefined), MAX_NAME);
}

/** `file:line:column` as file and line, from the project's folder on. */
function setPlace(test: FailedTest, place: string): void {
  const [file = '', line] = pathIn(place).split(':');
  if (file === '') return;
  const near = file.startsWith('/') ? relative(process.cwd(), file) : file;
  test.place = short(line === undefined ? near : `${near}:${line}`, MAX_NAME);
}

/** The path that a `file:` URL names; runners print those of no file of this system as well. */
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

/** In one line, without control characters: JUnit's XML has ways to write both. */
function short(text: string, most: number): string {
  const plain = plainLine(text, most + 1);
  return plain.length <= most ? plain : `${plain.slice(0, most)}…`;
}
