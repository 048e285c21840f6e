import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'tests', 'mutants');
/** What the tests of a mutant may need; packages that are not copied are found built, as they are. */
const COPIED = ['packages/contracts', 'packages/sdk', 'tests/support', 'package.json', 'tsconfig.base.json'];

interface Mutant {
  readonly name: string;
  readonly guard: string;
  readonly tests: string;
  readonly cases: string;
}

/** Reads the lines above a patch's diff. */
async function readMutant(name: string): Promise<Mutant> {
  const text = await readFile(join(folder, name), 'utf8');
  const header = (key: string) => new RegExp(`^${key}: (.+)$`, 'm').exec(text.split(/^diff /m)[0] ?? '')?.[1];
  const [guard, tests, cases] = ['Guard', 'Tests', 'Cases'].map(header);
  if (!guard || !tests || !cases) throw new Error(`${name} needs the lines Guard, Tests and Cases above its diff`);
  return { name, guard, tests, cases };
}

/** A copy of the sources without their builds and packages. */
async function copySources(to: string): Promise<void> {
  for (const path of COPIED) {
    await cp(join(root, path), join(to, path), {
      recursive: true,
      filter: (source) => !/\/(node_modules|dist|\.tsbuild)(\/|$)/.test(source.slice(root.length)),
    });
  }
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'));
  const config = { test: { testTimeout: 30_000, hookTimeout: 30_000, include: ['packages/**/*.test.ts'] } };
  await writeFile(join(to, 'vitest.config.js'), `export default ${JSON.stringify(config)};\n`);
}

/** The names of the cases that failed and passed; throws where the tests could not even be read. */
async function runCases(where: string, { tests, cases }: Mutant): Promise<{ failed: string[]; passed: string[] }> {
  const report = join(where, 'report.json');
  const args = ['run', tests, '-t', cases, '--reporter=json', `--outputFile=${report}`];
  const output = await run(join(root, 'node_modules', '.bin', 'vitest'), args, { cwd: where }).catch((error) => error);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`vitest wrote no report: ${output.stderr || output.message}`);
  const { testResults } = JSON.parse(text) as {
    testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
  };
  const results = testResults.flatMap((file) => file.assertionResults);
  if (results.length === 0) throw new Error(`no test was read: ${testResults[0]?.message ?? output.stderr}`);
  const named = (status: string) => results.filter((one) => one.status === status).map((one) => one.fullName);
  return { failed: named('failed'), passed: named('passed') };
}

const mutants = await Promise.all((await readdir(folder)).filter((name) => name.endsWith('.patch')).map(readMutant));

describe('a mutant turns the suite red', () => {
  let base: Awaited<ReturnType<typeof tempFolder>>;
  beforeAll(async () => {
    base = await tempFolder('codegen-mutants');
  });
  afterAll(() => base.remove());

  test.concurrent.each(mutants)('without this guard: $guard', { timeout: 180_000 }, async (mutant) => {
    const where = join(base.path, mutant.name.replace(/\.patch$/, ''));
    await mkdir(where);
    await copySources(where);
    await run('git', ['apply', '--recount', join(folder, mutant.name)], { cwd: where });
    const { failed, passed } = await runCases(where, mutant);
    expect(failed, `all of these passed: ${passed.join('; ')}`).not.toEqual([]);
    await rm(where, { recursive: true, force: true });
  });

  test('and the copy as it is stays green', { timeout: 180_000 }, async () => {
    const where = join(base.path, 'unchanged');
    await mkdir(where);
    await copySources(where);
    const [first] = mutants as [Mutant];
    const { failed, passed } = await runCases(where, first);
    expect([failed, passed.length > 0]).toEqual([[], true]);
  });
});
