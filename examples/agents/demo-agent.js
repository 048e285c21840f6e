#!/usr/bin/env node
// The demo agent: a small program, not an AI. It turns a spec into the posts of a site by fixed rules (see README.md), so
// that the whole flow can be tried without a model or a key.
// Reads the prompt on stdin, changes the working folder, and prints progress and the <result> block on stdout.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** Cuts the prompt by its byte counts. Returns the spec, and the failure of the last round if there was one. */
export function readPrompt(prompt) {
  const spec = section(prompt, 'SPEC', 'Spec-Bytes');
  if (!spec) throw new Error('The prompt has no spec: a line "Spec-Bytes: <count>" and its section are missing.');
  const failure = section(prompt.subarray(spec.end), 'FAILURE', 'Failure-Bytes');
  return { spec: spec.text, failure: failure?.text };
}

// A spec may contain markers, so only the first header counts, and the byte count gives the end.
function section(bytes, name, header) {
  // latin1 gives one character per byte: positions in the text are positions in the bytes.
  const start = new RegExp(`(?:^|\\n)${header}: (\\d+)\\n----- BEGIN ${name} -----\\n`).exec(bytes.toString('latin1'));
  if (!start) return undefined;
  const from = start.index + start[0].length;
  const to = from + Number(start[1]);
  const close = `\n----- END ${name} -----\n`;
  if (bytes.subarray(to, to + close.length).toString('latin1') !== close) {
    throw new Error(`${header} says ${start[1]}, but the section does not end there.`);
  }
  return { text: bytes.subarray(from, to).toString('utf8'), end: to + close.length - 1 };
}

/** Turns a spec into a site. Texts keep every character. */
export function siteFromSpec(spec, projectName = '') {
  const { title, posts } = findHeadings(spec);
  const siteTitle = title?.text || friendlyName(projectName);
  const slugs = new Set();
  if (posts.length === 0) {
    const heading = firstWords(spec);
    return { title: siteTitle, intro: '', posts: [{ slug: slugOf(heading, 0, slugs), title: heading, body: spec }] };
  }
  const before = spec.slice(0, posts[0].start);
  const beforeTitle = title ? before.slice(0, title.start) : '';
  const intro = (beforeTitle.trim() ? beforeTitle : '') + (title ? before.slice(title.end) : before);
  return {
    title: siteTitle,
    intro,
    posts: posts.map((heading, index) => {
      const name = heading.text || `Post ${index + 1}`;
      const body = spec.slice(heading.end, posts[index + 1]?.start ?? spec.length);
      return { slug: slugOf(name, index, slugs), title: name, body };
    }),
  };
}

// Finds the first `# ` line before any post, and every `## ` line, outside of fenced blocks.
function findHeadings(spec) {
  let title;
  const posts = [];
  let fence;
  for (const [line, start, end] of linesOf(spec)) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/s.exec(line);
    if (fence) {
      if (mark && mark[1][0] === fence[0] && mark[1].length >= fence.length && !mark[2].trim()) fence = undefined;
      continue;
    }
    if (mark && !(mark[1][0] === '`' && mark[2].includes('`'))) {
      fence = mark[1];
      continue;
    }
    const heading = /^\uFEFF? {0,3}(##?)(?:[ \t](.*))?$/s.exec(line);
    if (!heading) continue;
    const text = (heading[2] ?? '')
      .trim()
      .replace(/(?<![^ \t])#+$/, '')
      .trimEnd();
    if (heading[1] === '##') posts.push({ text, start, end });
    else if (!title && posts.length === 0) title = { text, start, end };
  }
  return { title, posts };
}

// Yields each line without LF or CRLF, its start, and the start of the next line.
function* linesOf(text) {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline + 1;
    yield [text.slice(start, end).replace(/\r?\n$/, ''), start, end];
    start = end;
  }
}

function slugOf(title, index, taken) {
  const plain = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  const base = plain || `post-${index + 1}`;
  let slug = base;
  for (let n = 2; taken.has(slug); n += 1) slug = `${base}-${n}`;
  taken.add(slug);
  return slug;
}

function firstWords(text) {
  const words = text
    .replace(/^[\s#\uFEFF]+/, '')
    .slice(0, 400)
    .split(/\s+/)
    .filter(Boolean);
  let title = '';
  for (const word of words.slice(0, 8)) {
    if (title && title.length + word.length > 60) break;
    title = title ? `${title} ${word}` : Array.from(word).slice(0, 60).join('');
  }
  return title || 'Untitled';
}

function friendlyName(projectName) {
  const words = projectName.replace(/[-_]+/g, ' ').trim();
  return words ? words[0].toUpperCase() + words.slice(1) : 'A small site';
}

/** The test of a site: it fails if any character of the content changes. */
export function testFor(site) {
  const print = (text) => ({ characters: text.length, sha256: createHash('sha256').update(text).digest('hex') });
  const expected = {
    title: site.title,
    intro: print(site.intro),
    posts: site.posts.map(({ slug, title, body }) => ({ slug, title, ...print(body) })),
  };
  return `// Written by the demo agent from the spec: the content must match the spec exactly.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const expected = ${JSON.stringify(expected, null, 2)};

const site = JSON.parse(await readFile(new URL('../content/site.json', import.meta.url), 'utf8'));
const print = (text) => ({ characters: text.length, sha256: createHash('sha256').update(text).digest('hex') });

test('the site has its title and intro', () => {
  assert.equal(site.title, expected.title);
  assert.deepEqual(print(site.intro), expected.intro);
});

test('the posts are the ones of the spec, in order, to the character', () => {
  const posts = site.posts.map(({ slug, title, body }) => ({ slug, title, ...print(body) }));
  assert.deepEqual(posts, expected.posts);
});
`;
}

/** Writes the site and its test into a project's folder. */
export async function writeSite(folder, site) {
  await mkdir(join(folder, 'content'), { recursive: true });
  await mkdir(join(folder, 'test'), { recursive: true });
  await writeFile(join(folder, 'content/site.json'), `${JSON.stringify(site, null, 2)}\n`);
  await writeFile(join(folder, 'test/content.test.js'), testFor(site));
}

/** Runs a whole turn in a folder: prompt bytes in, files out. `report` gets the lines of progress. Returns the site. */
export async function takeTurn(prompt, { folder, report }) {
  const { spec, failure } = readPrompt(prompt);
  report(`Reading the spec: ${Buffer.byteLength(spec)} bytes.`);
  if (failure !== undefined) report('The last round failed. The rules are fixed, so everything is written again.');
  const site = siteFromSpec(spec, await projectName(folder));
  report(`Writing content/site.json: ${count(site.posts.length)}.`);
  report('Writing test/content.test.js.');
  await writeSite(folder, site);
  return { site, failure };
}

async function projectName(folder) {
  try {
    return String(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).name ?? '');
  } catch {
    return '';
  }
}

function count(posts) {
  return posts === 1 ? '1 post' : `${posts} posts`;
}

/** All of stdin, as bytes. */
export async function readStdin() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Prints the block that ends a turn. Escapes angle brackets, so that no text can end it early. */
export function printResult(result) {
  process.stdout.write(`<result>${JSON.stringify(result).replaceAll('<', '\\u003c')}</result>\n`);
}

/** Runs a turn as a program: stdin, the current folder, stdout. */
export async function main() {
  try {
    const { site } = await takeTurn(await readStdin(), { folder: process.cwd(), report: (line) => console.log(line) });
    printResult({
      status: 'success',
      summary: `Wrote "${site.title}" with ${count(site.posts.length)}, and its test.`,
    });
  } catch (error) {
    printResult({ status: 'failed', summary: error.message });
    process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) await main();
