// Fails if bench/results.json lacks a figure, or has one below half of its target (above double of a limit).
import { readFile } from 'node:fs/promises';
import { check, cliTargets, queueTargets, table } from './targets.js';

const file = process.argv[2] ?? new URL('results.json', import.meta.url);
let results;
try {
  results = JSON.parse(await readFile(file, 'utf8'));
} catch (error) {
  process.stderr.write(
    `There are no results to check (${error.message}). Try: npm run bench:queue && npm run bench:cli\n`,
  );
  process.exit(1);
}
for (const [part, targets] of Object.entries({ queue: queueTargets, cli: cliTargets })) {
  const { rows, ok } = check(results[part]?.ratios, targets);
  process.stdout.write(`${table(rows)}\n\n`);
  if (ok) continue;
  process.stderr.write(`A figure is missing, or worse than half of its target. Try: npm run bench:${part}\n`);
  process.exitCode = 1;
}
