import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectModule } from '@codegen/contracts';
import { parseManifest } from '@codegen/sdk/manifest';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { framedPrompt } from '../../../../tests/support/prompt.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { templateDrawer } from '../../src/draw-template.js';
import { readTemplate } from '../../src/read-template.js';

const TEMPLATE = fileURLToPath(new URL('../../../../templates/service', import.meta.url));
const DEMO_AGENT = fileURLToPath(new URL('../../../../examples/agents/demo-agent.js', import.meta.url));

let folder: Awaited<ReturnType<typeof tempFolder>>;
let project: string;

beforeAll(async () => {
  folder = await tempFolder('codegen-service');
  project = join(folder.path, 'window-seat');
  const answers = { project_name: 'window-seat', modules: ['backend'], description: 'Notes & "tea" <b>' };
  await templateDrawer({ templateDir: TEMPLATE, copier: false, logger: console })(answers, project);
});
afterAll(() => folder.remove());

const manifest = async () => parseManifest(await readFile(join(project, '.project.yml'), 'utf8'));

/** Runs a command of the manifest the way a worker or a release does: argv, no shell, few variables. */
async function run([program, ...args]: readonly string[]) {
  return execa(program as string, args, {
    cwd: project,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '' },
    reject: false,
  });
}

async function serve(env: Record<string, string> = {}): Promise<{ origin: string; child: ChildProcess }> {
  const [program, ...args] = (await manifest()).start;
  const port = await freePort();
  const child = spawn(program as string, args, {
    cwd: project,
    env: { PATH: process.env.PATH, PORT: String(port), RELEASE: 'a1b2c3', ...env },
    stdio: 'ignore',
  });
  const origin = `http://127.0.0.1:${port}`;
  await waitFor('the site to answer', async () => (await fetch(`${origin}/health`)).ok);
  return { origin, child };
}

it('offers the modules that projects can have', async () => {
  const { questions } = await readTemplate(TEMPLATE);
  expect(questions.get('modules')?.choices).toEqual(projectModule.options);
});

it('a fresh project passes its own tests and greets kindly', async () => {
  const { exitCode, stdout } = await run((await manifest()).test);
  expect(stdout).toContain('# fail 0');
  expect(exitCode).toBe(0);

  const { origin, child } = await serve();
  expect(await (await fetch(`${origin}/health`)).json()).toEqual({ status: 'ok', release: 'a1b2c3' });
  expect(await (await fetch(`${origin}/posts`)).json()).toEqual([]);
  const page = await (await fetch(origin)).text();
  expect(page).toContain('Nothing written yet');
  expect(page).toContain('Notes &amp; &quot;tea&quot; &lt;b&gt;');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('what the demo agent makes of a spec passes the tests and comes back exactly', async () => {
  const body = '\r\n<script>alert("x")</script>  é 🐱 \u2028 `\u0024{x}`\n\n\ttab\n';
  const prompt = framedPrompt(`# Tea & scones\n\nHello.\n\n## First\n${body}## Second\n`);
  await execa(process.execPath, [DEMO_AGENT], { cwd: project, input: prompt });
  const { exitCode, stdout } = await run((await manifest()).test);
  expect(stdout).toContain('# fail 0');
  expect(exitCode).toBe(0);

  const { origin, child } = await serve({ SITE_TITLE: 'Another name' });
  expect(await (await fetch(`${origin}/posts`)).json()).toEqual([
    { slug: 'first', title: 'First', body },
    { slug: 'second', title: 'Second', body: '' },
  ]);
  const page = await (await fetch(origin)).text();
  expect(page).toContain('<h1 dir="auto">Another name</h1>');
  expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;  é 🐱');
  expect(page).not.toContain('<script');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

// No engine is needed for this: its commands run in the folder that they would run in.
it('its Dockerfile builds a project that has packages and a build step, and starts what was built', async () => {
  const grown = join(folder.path, 'grown');
  await cp(project, grown, { recursive: true, filter: (path) => !/\/(?:test|\.git|node_modules)$/.test(path) });
  const packages = { 'kept-one': {}, 'build-tool': { bin: { 'build-tool': 'build.js' } } };
  for (const [name, more] of Object.entries(packages)) {
    await mkdir(join(grown, 'vendor', name), { recursive: true });
    const described = { name, version: '1.0.0', main: 'index.js', ...more };
    await writeFile(join(grown, 'vendor', name, 'package.json'), JSON.stringify(described));
    await writeFile(join(grown, 'vendor', name, 'index.js'), '');
  }
  const build = "#!/usr/bin/env node\nrequire('node:fs').cpSync('src', 'dist', { recursive: true });\n";
  await writeFile(join(grown, 'vendor/build-tool/build.js'), build, { mode: 0o755 });
  await writeFile(
    join(grown, 'src/server.js'),
    `import 'kept-one';\n${await readFile(join(grown, 'src/server.js'), 'utf8')}`,
  );
  const described = JSON.parse(await readFile(join(grown, 'package.json'), 'utf8'));
  const scripts = { start: 'node dist/server.js', build: 'build-tool' };
  const dependencies = { 'kept-one': 'file:vendor/kept-one' };
  const devDependencies = { 'build-tool': 'file:vendor/build-tool' };
  await writeFile(
    join(grown, 'package.json'),
    JSON.stringify({ ...described, scripts, dependencies, devDependencies }),
  );
  const text = await readFile(join(grown, 'Dockerfile'), 'utf8');
  const ofKind = (kind: string) =>
    text.split('\n').flatMap((line) => (line.startsWith(kind) ? [line.slice(kind.length)] : []));
  const env = { PATH: process.env.PATH ?? '', HOME: folder.path };

  for (const lock of [false, true]) {
    if (lock) await execa('npm', ['install', '--package-lock-only'], { cwd: grown, env, extendEnv: false });
    for (const command of ofKind('RUN '))
      await execa('/bin/sh', ['-c', command], { cwd: grown, env, extendEnv: false });
    const installed = await readdir(join(grown, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['kept-one']);
  }
  const port = await freePort();
  const [start = ''] = ofKind('CMD ');
  const child = spawn('/bin/sh', ['-c', start], { cwd: grown, env: { ...env, PORT: String(port) }, stdio: 'ignore' });
  const exited = once(child, 'exit');
  await waitFor('the site to answer', async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
}, 60_000);
