import { cp, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { program } from '../../../../tests/support/program.js';
import { get } from '../support/clients.js';
import { openSite, type Site } from '../support/executor.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TEMPLATE = join(ROOT, 'templates/service/template');
const TESTER = program('worker-wrapper', 'agents/run-project-tests');

let site: Site;
afterEach(() => site.close());

/** The files of the service template, drawn. */
async function template(): Promise<Record<string, string>> {
  const names = await readdir(TEMPLATE, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of names.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const text = (await readFile(path, 'utf8')).replaceAll(/\{\{ \w+ \| tojson \}\}/g, '"grown"');
    files[path.slice(TEMPLATE.length + 1).replace(/\.jinja$/, '')] = text;
  }
  return { ...files, 'content/site.json': '{"title":"T","intro":"","posts":[]}' };
}

/** Tests a project as a tester does, in a folder of its own, and then deploys it. */
async function testAndDeploy(files: Record<string, string>): Promise<string> {
  site = await openSite();
  const sha = await site.repository.commit({ files });
  const folder = join(site.reposDir, 'tested');
  await cp(site.repository.work, folder, { recursive: true });
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: site.reposDir };
  const { stdout } = await execa(process.execPath, [TESTER], { cwd: folder, env, extendEnv: false, reject: false });
  expect(stdout).toContain('"summary":"the tests pass"');
  await site.deploy(sha);
  expect(JSON.parse((await get(site.port, '/health')).body)).toEqual({ status: 'ok', release: sha });
  return (await get(site.port, '/')).body;
}

const packageJson = (files: Record<string, string>, more: object) => ({
  'package.json': JSON.stringify({ ...JSON.parse(files['package.json'] as string), ...more }),
});

/** A package of the project's own, so that no registry is needed. */
const shout = {
  'vendor/shout/package.json': '{"name":"shout","version":"1.0.0","type":"module","exports":"./index.js"}',
  'vendor/shout/index.js': 'export const shout = (text) => text.toUpperCase() + "!";\n',
};

test('The template goes on passing its tests once its code imports an npm package', async () => {
  const files = await template();
  const pages = `import { shout } from 'shout';\n${files['src/site.js']}`.replace(
    '{ ...site, title } : site',
    '{ ...site, title } : { ...site, intro: shout(site.title) }',
  );
  const body = await testAndDeploy({
    ...files,
    ...shout,
    ...packageJson(files, { dependencies: { shout: 'file:vendor/shout' } }),
    'src/site.js': pages,
  });
  expect(body).toContain('T!');
});

test('A project in TypeScript is built by the command of its manifest, with the packages that it is developed with', async () => {
  const files = await template();
  const manifest = { build: ['npm', 'run', 'build'], test: ['node', '--test'], start: ['node', 'dist/server.js'] };
  const body = await testAndDeploy({
    ...packageJson(files, {
      scripts: { build: 'tsc -p .' },
      devDependencies: { typescript: `file:${join(ROOT, 'node_modules/typescript')}` },
    }),
    '.project.yml': JSON.stringify(manifest),
    'tsconfig.json':
      '{"compilerOptions":{"module":"nodenext","target":"es2022","outDir":"dist","rootDir":"src","types":[]}}',
    'src/node.d.ts': "declare module 'node:http';\ndeclare const process: { env: Record<string, string> };\n",
    'src/greet.ts': 'export const greet = (name: string): string => "typed " + name;\n',
    'src/server.ts': `import { createServer } from 'node:http';
import { greet } from './greet.js';
const { PORT, HOST, RELEASE: release } = process.env;
createServer((request: { url: string }, response: { end(text: string): void }) =>
  response.end(request.url === '/health' ? JSON.stringify({ status: 'ok', release }) : greet('site')),
).listen(Number(PORT), HOST);\n`,
    'test/greet.test.js': `import { equal } from 'node:assert';
import { test } from 'node:test';
import { greet } from '../dist/greet.js';
test('greets', () => equal(greet('x'), 'typed x'));\n`,
  });
  expect(body).toBe('typed site');
});

test('A project in Python needs nothing but its commands and /health', async () => {
  const manifest = { test: ['python3', '-m', 'unittest', '-v'], start: ['python3', 'server.py'] };
  const body = await testAndDeploy({
    'package.json': '{}',
    '.project.yml': JSON.stringify(manifest),
    'server.py': `import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
def answer(path):
    return json.dumps({"status": "ok", "release": os.environ.get("RELEASE")}) if path == "/health" else "snake"
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer(self.path).encode())
if __name__ == "__main__":
    HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()\n`,
    'test_server.py': `import unittest
from server import answer
class Answers(unittest.TestCase):
    def test_root(self):
        self.assertEqual(answer("/"), "snake")\n`,
  });
  expect(body).toBe('snake');
});

test('A build that fails is told with what it wrote, and nothing is served', async () => {
  site = await openSite();
  const manifest = {
    build: ['node', '-e', 'console.error("no such type"); process.exit(3)'],
    test: ['true'],
    start: ['true'],
  };
  const sha = await site.repository.commit({ files: { '.project.yml': JSON.stringify(manifest) } });
  await expect(site.deploy(sha)).rejects.toMatchObject({
    reason: 'install_failed',
    message: expect.stringContaining('the build command (node) failed: see stderr'),
    details: { stderr: 'no such type\n', exitCode: 3 },
  });
});
