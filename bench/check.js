// Fails where bench/results.json lacks a figure or holds one below half of its target (above double of a limit).
import { readFile } from 'node:fs/promises';
import { check, table } from './targets.js';

const file = process.argv[2] ?? new URL('results.json', import.meta.url);
let results;
try {
  results = JSON.parse(await readFile(file, 'utf8'));
} catch (error) {
  process.stderr.write(`There are no results to check (${error.message}). Try: npm run bench:queue\n`);
  process.exit(1);
}
const { rows, ok } = check(results.queue?.ratios);
process.stdout.write(`${table(rows)}\n`);
if (!ok) process.stderr.write('A figure is missing, or worse than half of its target. Try: npm run bench:queue\n');
process.exitCode = ok ? 0 : 1;
