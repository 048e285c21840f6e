#!/bin/sh
':'; // 2>/dev/null; while read -r k v; do [ "$k" != SigIgn: ] || export IGNORED_SIGNALS="$v"; done 2>/dev/null </proc/self/status; exec node "$0" "$@"
'use strict';
// Starts the bundled command line. Help and version are read from files, before anything else is loaded; everything else
// is loaded by chunks, here and not by Node's loader, which keeps no compiled code on Node 20.
// In words that a Node of 2018 reads, so that one which is too old is told what is needed.
const fs = require('fs');
const { join } = require('path');

/** Node's oldest version that the package runs on, as in `engines`. */
const OLDEST = [20, 19];

const lib = join(__dirname, '..', 'lib');

if (require.main === module) start(process.argv.slice(2), process.env);
else module.exports = { answerOf, loadChunks };

function start(argv, env) {
  if (isTooOld()) return refuseNode(argv, env);
  const answer = answerOf(argv, env);
  if (answer) return print(answer);
  // From here on a signal waits for the listeners of `main`, which are there before anything can be told.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined);
  // Stacks are made readable when somebody looks at one, so that a command line that works pays nothing for it.
  Error.prepareStackTrace = (error, frames) => require('../lib/readable-stack.cjs')(error, frames);
  loadChunks().load('./main.js').main(argv, env);
}

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** Says what `main` would say, if this Node could load it. */
function refuseNode(argv, env) {
  process.exitCode = 2;
  const message = `Node.js ${process.version} is too old for orchestrator: install Node.js ${OLDEST.join('.')} or newer`;
  const next = { command: 'node --version', when: 'to see which one runs' };
  const own = argv.indexOf('--') < 0 ? argv : argv.slice(0, argv.indexOf('--'));
  if (!own.some((word) => /^--json(=|$)/.test(word)) && !isOn(env.ORCHESTRATOR_JSON)) {
    process.stderr.write(`Error: ${message} (USAGE)\nTry: ${next.command}\n`);
    return;
  }
  const id = () => require('crypto').randomBytes(16).toString('hex');
  const document = {
    ok: false,
    schema_version: 1,
    command: 'orchestrator',
    error: { code: 'USAGE', message, exit_code: 2, retryable: false },
    next: [next],
    warnings: [],
    meta: { request_id: id(), correlation_id: id() },
  };
  print(`${JSON.stringify(document)}\n`);
}

function isOn(variable) {
  return /^(1|true|yes|on)$/i.test(variable);
}

/** Whether standard output has no width and no colours of its own. */
function isPlain() {
  const output = fs.fstatSync(1);
  return !output.isCharacterDevice() || output.rdev === fs.statSync('/dev/null').rdev;
}

/** What `main` would print for `--version` and for help, as the build had it from `main`; undefined where only `main` knows. */
function answerOf(argv, env) {
  if (env.FORCE_COLOR !== undefined || env.TF_BUILD !== undefined) return undefined;
  const words = argv.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  if (words < 0) return undefined;
  const flags = argv.slice(words);
  const json = flags.includes('--json') || isOn(env.ORCHESTRATOR_JSON);
  const asked = flags.filter((flag) => flag !== '--json').join(' ');
  const version = words === 0 && ['--version', '-v', '-V'].includes(asked);
  if (!version && asked !== '--help' && asked !== '-h') return undefined;
  // Help for people is coloured in a terminal, and as wide; and it names the program as it was called.
  if (!version && !json && (!isPlain() || process.argv0.endsWith('/orchestrator'))) return undefined;
  const name = [version ? 'version' : 'help', ...argv.slice(0, words)].join('.');
  const text = read(join(lib, 'answers', `${name}.${json ? 'json' : 'txt'}`));
  if (!text || (!version && isRestricted(env))) return undefined;
  const id = () => require('crypto').randomUUID();
  return String(text)
    .replace('{{node}}', process.version)
    .replace(/\{\{id\}\}/g, id);
}

/** Whether not every command may be used here: then `main` says which. */
function isRestricted(env) {
  const home = env.XDG_CONFIG_HOME || join(env.HOME || '', '.config');
  const config = join(env.ORCHESTRATOR_CONFIG_DIR || join(home, 'orchestrator'), 'config.json');
  return env.ALLOWED_COMMANDS !== undefined || String(read(config) || '').includes('"scopes"');
}

function print(text) {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(fs.writeSync(1, rest));
  } catch (error) {
    // A pipe that is full for now.
    if (error.code === 'EAGAIN') process.stdout.on('error', endUnread).write(rest);
    else endUnread(error);
  }
}

/** Ends as `main` does where standard output takes nothing any more. A reader that has read enough is no error. */
function endUnread({ code }) {
  if (code === 'EPIPE') return;
  const tell = process.stderr.on('error', () => undefined);
  tell.write(`Error: standard output cannot be written (${code})\nTry: df -h\n`);
  process.exitCode = 1;
}

/** The bundle's chunks: `load` gives one's exports, `scripts` the files that were compiled, `modules` the chunks that ran. */
function loadChunks() {
  const { pathToFileURL } = require('url');
  const { Script } = require('vm');
  const url = pathToFileURL(join(lib, 'chunk.js')).href;
  /** Which file a chunk is in; small ones share one. */
  const files = JSON.parse(read(join(lib, 'index.json')));
  const scripts = {};
  const modules = {};
  return { load, scripts, modules };

  function load(id) {
    if (!id.startsWith('./')) return require(id);
    const name = id.slice(2);
    if (!modules[name]) modules[name] = run(name);
    return modules[name].exports;
  }

  function run(name) {
    const file = files[name];
    if (!scripts[file]) scripts[file] = compile(file);
    const module = { exports: {} };
    // Known before it runs: chunks may need each other.
    modules[name] = module;
    scripts[file].chunks[name](module.exports, load, module, lib, url, resolve);
    return module;
  }

  /** Takes kept compiled code that is of this very Node, and compiles otherwise. */
  function compile(file) {
    const path = join(lib, file);
    const cachedData = read(`${path}.${process.version}-${process.platform}-${process.arch}`);
    // Compiled code keeps the name that it was made with, so it must be the same wherever the package is.
    const script = new Script(fs.readFileSync(path, 'latin1'), { filename: `orchestrator:${file}`, cachedData });
    return { script, chunks: script.runInThisContext() };
  }

  /** Where a file of @codegen/contracts is: the package has them all. */
  function resolve(id) {
    return new URL(id.replace('@codegen/contracts/', '../contracts/'), url).href;
  }
}

function read(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}
