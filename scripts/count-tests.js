// Prints the closing line of bin/test from vitest's JSON report. Fails where nothing ran, or where CI skipped something.
import { readFile } from 'node:fs/promises';

const report = JSON.parse((await readFile(process.argv[2], 'utf8')) || '{}');
const tests = (report.testResults ?? []).flatMap((file) => file.assertionResults);
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;

// A file that broke before its first test counts as one failure.
const broken = (report.testResults ?? []).filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
);
const passed = count('passed');
const failed = count('failed') + broken.length;
const skipped = tests.length - passed - count('failed');

for (const test of tests.filter((one) => !['passed', 'failed'].includes(one.status))) {
  process.stdout.write(`skipped: ${test.fullName}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
if (passed === 0 || failed > 0 || (process.env.CI && skipped > 0)) process.exitCode = 1;
