#!/usr/bin/env node
'use strict';
// Starts the bundled command line. Loads chunks by itself, since Node's loader cannot keep compiled code on Node 20.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

// From here on a signal waits for the listeners of `main`, which are there before anything can be told.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined);

const lib = join(__dirname, '..', 'lib');
const url = pathToFileURL(join(lib, 'chunk.js')).href;
const files = JSON.parse(readFileSync(join(lib, 'index.json'), 'utf8'));
const scripts = {};
const modules = {};

/** A chunk's exports; of anything else, what Node has by that name. */
function load(id) {
  if (!id.startsWith('./')) return require(id);
  const name = id.slice(2);
  modules[name] ??= run(name);
  return modules[name].exports;
}

function run(name) {
  const file = files[name];
  scripts[file] ??= compile(join(lib, file));
  const module = { exports: {} };
  // Known before it runs: chunks may need each other.
  modules[name] = module;
  scripts[file][name](module.exports, load, module, lib, url, resolve);
  return module;
}

function compile(filename) {
  return new Script(readFileSync(filename, 'latin1'), { filename }).runInThisContext();
}

/** Where a file of @codegen/contracts is: they are all in the package. */
function resolve(id) {
  return new URL(id.replace('@codegen/contracts/', '../contracts/'), url).href;
}

Error.prepareStackTrace = (error, frames) => require('../lib/readable-stack.cjs')(error, frames);

load('./main.js').main(process.argv.slice(2), process.env);
