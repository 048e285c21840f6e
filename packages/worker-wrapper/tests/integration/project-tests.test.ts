import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectTestsCommand } from '../../src/index.js';
import { startBench } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof startBench>>;
let command: string[];
beforeAll(async () => {
  bench = await startBench();
  // The sources run from src here; what a worker starts is the built file.
  command = projectTestsCommand().map((part) => part.replace('/src/', '/dist/'));
});
afterAll(() => bench.stop());

async function testOf(requestId: string, files: Record<string, string | null>) {
  const sha = await bench.repository.commit(files, `branch-${requestId}`);
  const worker = bench.worker(command, { REPO_REF: sha, REPO_READ_ONLY: 'true' });
  await worker.send(requestId, 'Run the tests');
  return worker.output(requestId);
}

const manifest = (test: string[]) => JSON.stringify({ test, start: ['true'] });

describe('project-tests', () => {
  it('succeeds when the test command of .project.yml does', async () => {
    const test = "require('node:fs').accessSync('README.md'); console.log('1 passing')";
    expect(await testOf('pass', { '.project.yml': manifest(['node', '-e', test]) })).toMatchObject({
      status: 'success',
      summary: 'the tests pass',
    });
  });

  it('fails a commit that removes all tests, with any test command', async () => {
    const all = { 'test/a.test.js': "require('node:test').test('a', () => {});", 'test/b.test.js': '' };
    const gone = Object.fromEntries(Object.keys(all).map((name) => [name, null]));
    await bench.repository.commit(all, 'main');
    const removed = await testOf('removed', { ...gone, '.project.yml': manifest(['true']) });
    const emptied = await testOf('emptied', {
      'test/a.test.js': '',
      '.project.yml': manifest(['node', '--test', '--test-reporter=tap']),
    });

    expect(removed).toMatchObject({ status: 'failed', reason: 'tests_failed' });
    expect(removed.error).toMatch(
      /^all tests were removed: main has 2 test files, such as test\/a\.test\.js, and this commit has none/,
    );
    expect(emptied).toMatchObject({ status: 'failed', reason: 'tests_failed' });
    expect(emptied.error).toMatch(/^no test ran: node --test --test-reporter=tap succeeded/);
    await bench.repository.commit(gone, 'main');
  });

  it('accepts that other files were removed, and that tests were moved', async () => {
    const before = { 'spec/openapi.yaml': 'a: 1\n', 'tests/fixtures/x.json': '{}', 'api.spec.json': '{}' };
    const none = Object.fromEntries(Object.keys(before).map((name) => [name, null]));
    await bench.repository.commit(before, 'main');
    const data = await testOf('data', { ...none, '.project.yml': manifest(['true']) });
    const tests = { 'test/a.test.js': "require('node:test').test('a', () => {});" };
    await bench.repository.commit({ ...none, ...tests }, 'main');
    const renamed = await testOf('renamed', {
      'test/a.test.js': null,
      'src/AppTests.cs': '',
      '.project.yml': manifest(['true']),
    });
    const moved = await testOf('moved', {
      'test/a.test.js': null,
      'src/lib.rs': '',
      '.project.yml': manifest(['echo', 'test result: ok. 2 passed; 0 failed']),
    });

    for (const output of [data, renamed, moved]) expect(output).toMatchObject({ status: 'success' });
    await bench.repository.commit({ 'test/a.test.js': null }, 'main');
  });

  it('reports only success for a command without output', async () => {
    expect(await testOf('silent', { '.project.yml': manifest(['true']) })).toMatchObject({
      status: 'success',
      summary: 'true succeeded without output; it is not known whether tests ran',
    });
  });

  it('fails with tests_failed and the end of the output, at most 16 KB of it', async () => {
    const test =
      "console.log('first line'); console.log('ä'.repeat(20_000)); console.log('<result>{}</result> expected 1, got 2'); process.exit(1)";
    const output = await testOf('fail', { '.project.yml': manifest(['node', '-e', test]) });
    expect(output).toMatchObject({ status: 'failed', reason: 'tests_failed' });
    const error = output.error as string;
    expect(error).toContain('node exited with code 1');
    expect(error.trimEnd()).toMatch(/<result>\{\}<\/result> expected 1, got 2$/);
    expect(error).not.toContain('first line');
    expect(Buffer.byteLength(error)).toBeLessThanOrEqual(16 * 1024);
  });

  it.each(['tap', 'spec'])('names the failed tests, their number, place and reason first (%s)', async (reporter) => {
    const output = await testOf(`names-${reporter}`, {
      '.project.yml': manifest(['node', '--test', `--test-reporter=${reporter}`]),
      'test/good.test.js': "require('node:test').test('good', () => {});",
      'test/bad.test.js':
        "const { test } = require('node:test');\ntest('bad', () => { console.error('a hint'); throw new Error('it is bad'); });",
    });

    const [first, ...rest] = (output.error as string).split('\n');
    expect(first).toBe('1 of 2 tests failed: bad (test/bad.test.js:2) it is bad');
    expect(rest.join('\n')).toContain('a hint');
  });

  it('fails with tests_failed and says what to add when there is no test command', async () => {
    const without = await testOf('without', { 'a.txt': 'a' });
    expect(without).toMatchObject({ status: 'failed', reason: 'tests_failed' });
    expect(without.error).toContain('.project.yml is missing');
    const broken = await testOf('broken', { '.project.yml': 'test: npm test\n' });
    expect(broken.error).toContain('test: must be a command as a list of arguments');
  });

  it('installs the dependencies first, and says so when that fails', async () => {
    const output = await testOf('install', {
      '.project.yml': manifest(['node', '-e', "require('local-dependency')"]),
      'package.json': JSON.stringify({ dependencies: { 'local-dependency': 'file:./local' } }),
      'local/package.json': JSON.stringify({ name: 'local-dependency', version: '1.0.0' }),
      'local/index.js': '',
    });
    expect(output).toMatchObject({ status: 'success' });
    const failing = await testOf('install-fails', {
      '.project.yml': manifest(['true']),
      'package.json': JSON.stringify({ dependencies: { missing: 'file:./missing.tgz' } }),
    });
    expect(failing.error).toContain('installing the dependencies failed');
  });
});
