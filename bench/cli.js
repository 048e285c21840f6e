// Compares the start of the packed command line with `node -e 0` and heroku's: prints the ratios and writes them to
// bench/results.json under `cli`. Usage: npm run bench:cli
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median, percentile } from './statistics.js';
import { check, cliTargets, table } from './targets.js';

const RESULTS = new URL('results.json', import.meta.url);
const ROUNDS = 30;
/** Heroku runs in every tenth round only: its start takes as long as dozens of ours. */
const HEROKU_EVERY = 10;
const run = promisify(execFile);
const started = performance.now();

const folder = await mkdtemp(join(tmpdir(), 'codegen-bench-cli-'));
const api = createServer(answerProjects);
try {
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const installed = await install();
  const samples = await measure(await sidesOf(installed), environment(api.address().port));
  await report(samples);
} finally {
  api.close();
  api.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
}

/** Packs the command line and installs it alone in an empty folder. Returns the installed package. */
async function install() {
  const script = new URL('../scripts/pack-cli.js', import.meta.url).pathname;
  const tarball = (await run(process.execPath, [script, '--out', folder])).stdout.trim();
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  return join(folder, 'node_modules', '@codegen', 'orchestrator-cli');
}

/** Node's arguments of each side, by name. */
async function sidesOf(installed) {
  const bin = join(installed, 'bin', 'orchestrator.cjs');
  // The same without compiled code for this Node, as on another version of Node.
  const uncached = join(folder, 'uncached');
  await cp(installed, uncached, { recursive: true });
  for (const file of await readdir(join(uncached, 'lib'))) {
    if (file.includes(`.js.${process.version}`)) await rm(join(uncached, 'lib', file));
  }
  const uncachedBin = join(uncached, 'bin', 'orchestrator.cjs');
  const heroku = new URL('node_modules/heroku/bin/run.js', import.meta.url).pathname;
  return {
    node: ['-e', '0'],
    version: [bin, '--version'],
    help: [bin, '--help'],
    command_help: [bin, 'project', 'list', '--help'],
    nothing: [bin, 'contracts', 'schema', 'Project'],
    project_list: [bin, 'project', 'list'],
    nothing_uncached: [uncachedBin, 'contracts', 'schema', 'Project'],
    project_list_uncached: [uncachedBin, 'project', 'list'],
    heroku_help: [heroku, '--help'],
  };
}

/** Inherits nothing: NODE_EXTRA_CA_CERTS alone costs Node 20 more than all the rest. */
function environment(port) {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    ORCHESTRATOR_API_URL: `http://127.0.0.1:${port}`,
    ORCHESTRATOR_TOKEN: 'cgk_bench_token',
    // Heroku: no check for updates, no telemetry.
    HEROKU_SKIP_NEW_VERSION_CHECK: '1',
    DISABLE_TELEMETRY: 'true',
  };
}

/** Milliseconds of every start, by side. The sides take turns, so that a slow minute of the machine slows all. */
async function measure(sides, env) {
  const samples = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, args] of Object.entries(sides)) {
      if (name === 'heroku_help' && round % HEROKU_EVERY !== 0) continue;
      const ms = await start(name, args, env);
      // The first round only fills the file cache.
      if (round > 0) samples[name].push(ms);
    }
  }
  return samples;
}

async function start(name, args, env) {
  const from = performance.now();
  const child = spawn(process.execPath, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = 0;
  let errors = '';
  child.stdout.on('data', (bytes) => (printed += bytes.length));
  child.stderr.on('data', (bytes) => (errors += bytes));
  const [code] = await once(child, 'close');
  const ms = performance.now() - from;
  if (code !== 0 || (name !== 'node' && printed === 0)) {
    throw new Error(`${name} ended with ${code} after ${printed} bytes: ${errors}`);
  }
  return ms;
}

async function report(samples) {
  const { node, heroku_help, ...ours } = samples;
  const middle = Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, median(all)]));
  const ratios = Object.fromEntries(Object.keys(ours).map((name) => [`${name}_vs_node`, middle[name] / middle.node]));
  ratios.help_vs_heroku = middle.help / middle.heroku_help;
  const machine = { cores: cpus().length, cpu: cpus()[0].model, node: process.version, load: loadavg()[0] };
  const seconds = Math.round((performance.now() - started) / 1000);
  const cli = { machine, seconds, targets: cliTargets, ratios, unit: 'ms', medians: middle, samples };
  const before = JSON.parse(await readFile(RESULTS, 'utf8').catch(() => '{}'));
  await writeFile(RESULTS, `${JSON.stringify({ ...before, cli }, undefined, 2)}\n`);
  for (const [name, all] of Object.entries(samples)) {
    const spread = [25, 75].map((part) => percentile(all, part).toFixed(1)).join(' to ');
    const times = name === 'node' ? '' : `, ${(middle[name] / middle.node).toFixed(2)} times node -e 0`;
    process.stdout.write(`${name.padEnd(22)} ${middle[name].toFixed(1)} ms (middle half ${spread})${times}\n`);
  }
  process.stdout.write(`\n${machine.cores} cores, ${machine.cpu}, ${machine.node}, load ${machine.load.toFixed(1)}\n`);
  process.stdout.write(`${table(check(ratios, cliTargets).rows)}\n${seconds} s\n`);
}

function answerProjects(_, response) {
  const now = new Date().toISOString();
  const project = {
    id: 'proj_00000000-0000-4000-8000-000000000000',
    name: 'todo-api',
    description: null,
    status: 'active',
    modules: ['backend'],
    repository_url: null,
    owner_id: 'user_1',
    main_sha: null,
    manifest: null,
    created_at: now,
    updated_at: now,
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ items: [project], next_cursor: null }));
}
