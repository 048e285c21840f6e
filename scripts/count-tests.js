// Prints the closing lines of bin/test from vitest's JSON report: how many cases ran on each database, which ones on
// every store of queues, and the totals. Fails if nothing ran, if databases or stores differ, or if CI skipped a test.
import { readFile } from 'node:fs/promises';

const report = JSON.parse((await readFile(process.argv[2], 'utf8')) || '{}');
const files = report.testResults ?? [];
const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;

// Suites that run each case on both databases name it in a title: "… (PGlite)", "… on PostgreSQL".
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

// The queues' conformance suite runs each case on every store; its outermost title is the store: "queues in memory", ….
const storesOf = new Map();
for (const { ancestorTitles, title, status } of tests.filter((test) => test.file.endsWith('/conformance.test.ts'))) {
  const [store] = ancestorTitles.filter((one) => one.startsWith('queues '));
  if (!storesOf.has(title)) storesOf.set(title, []);
  if (status === 'passed') storesOf.get(title).push(store);
}
const stores = new Set([...storesOf.values()].flat());
if (storesOf.size > 0) process.stdout.write(`cases passed by ${[...stores].join(', ')}:\n`);
for (const [title, passedBy] of storesOf) {
  const missing = [...stores].filter((store) => !passedBy.includes(store));
  process.stdout.write(`  ${title}${missing.length > 0 ? ` (NOT by ${missing.join(', ')})` : ''}\n`);
  unequal ||= missing.length > 0;
}

// A file that broke before its first test counts as one failure.
const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const passed = count('passed');
const failed = count('failed') + broken.length;
const skipped = tests.length - passed - count('failed');

// A test that passed at a retry still has its failure message.
for (const test of tests.filter((one) => one.status === 'passed' && one.failureMessages.length > 0)) {
  process.stdout.write(`passed only at a retry: ${test.fullName}: ${test.failureMessages[0].split('\n')[0]}\n`);
}
for (const test of tests.filter((one) => !['passed', 'failed'].includes(one.status))) {
  process.stdout.write(`skipped: ${test.fullName}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
if (passed === 0 || failed > 0 || unequal || (process.env.CI && skipped > 0)) process.exitCode = 1;
