// Prints the closing lines of bin/test from vitest's JSON report: how many cases ran on each database, and the totals.
// Fails where nothing ran, where the databases differ, or where CI skipped something.
import { readFile } from 'node:fs/promises';

const report = JSON.parse((await readFile(process.argv[2], 'utf8')) || '{}');
const files = report.testResults ?? [];
const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;

// Suites that run each case on both databases name the database in a title of theirs: "… (PGlite)", "… on PostgreSQL".
let unequal = false;
for (const service of ['api', 'langgraph']) {
  const passedOn = (database) =>
    tests.filter(
      (test) =>
        test.file.includes(`/services/${service}/`) &&
        test.status === 'passed' &&
        test.ancestorTitles.some((title) => title.endsWith(`(${database})`) || title.endsWith(` on ${database}`)),
    ).length;
  const [pglite, postgres] = [passedOn('PGlite'), passedOn('PostgreSQL')];
  if (pglite + postgres > 0)
    process.stdout.write(`${service} on both databases: PGlite ${pglite}, PostgreSQL ${postgres}\n`);
  unequal ||= pglite !== postgres;
}

// A file that broke before its first test counts as one failure.
const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const passed = count('passed');
const failed = count('failed') + broken.length;
const skipped = tests.length - passed - count('failed');

for (const test of tests.filter((one) => !['passed', 'failed'].includes(one.status))) {
  process.stdout.write(`skipped: ${test.fullName}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
if (passed === 0 || failed > 0 || unequal || (process.env.CI && skipped > 0)) process.exitCode = 1;
