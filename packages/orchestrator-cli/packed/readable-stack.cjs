'use strict';
// Loaded when a stack is looked at, so that a command line that works pays nothing for it.
const { readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { join } = require('node:path');

/** What the names of the bundle's scripts begin with. */
const BUNDLED = 'orchestrator:';
const maps = new Map();

/** A stack that names the TypeScript it was written in. */
module.exports = function readableStack(error, frames) {
  return [String(error), ...frames.map((frame) => `    at ${original(frame)}`)].join('\n');
};

function original(frame) {
  const text = String(frame);
  const file = frame.getFileName();
  if (!file?.startsWith(BUNDLED)) return text;
  const found = mapOf(file)?.findEntry(frame.getLineNumber() - 1, frame.getColumnNumber() - 1);
  if (!found?.originalSource) return text;
  const place = `${found.originalSource}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  return text.replace(`${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`, place);
}

function mapOf(file) {
  if (!maps.has(file)) maps.set(file, readMap(join(__dirname, `${file.slice(BUNDLED.length)}.map`)));
  return maps.get(file);
}

function readMap(file) {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
