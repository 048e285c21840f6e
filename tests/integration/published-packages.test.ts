import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build, type Metafile, type OutputFile } from 'esbuild';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeApi, startFakeApi, TOKEN } from '../../packages/sdk/tests/support/fake-api.js';
import { addNodeTypes, type PublishedPackages, publishedPackages } from '../support/published-packages.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { waitFor } from '../support/wait-for.js';

const run = promisify(execFile);
/** Whether a schema of the consumer's zod is one of the zod that the contracts are made with. */
const ONE_ZOD = `
  import { baseMessage } from '@codegen/sdk/contracts';
  import { z } from 'zod';
  console.log(baseMessage instanceof z.ZodObject && baseMessage.constructor === z.object({}).constructor);`;
const root = resolve(import.meta.dirname, '..', '..');
const examples = join(root, 'examples', 'sdk');
/** What the example of a list prints. */
const listed = 'todo-api active\n1 that is all\n';
const { exports } = JSON.parse(await readFile(join(root, 'packages', 'sdk', 'package.json'), 'utf8'));
/** All that may be imported of the SDK. */
const subpaths = Object.keys(exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => join('@codegen/sdk', path));
const sources = (await readdir(examples)).filter((name) => /\.(ts|cjs)$/.test(name));

let packages: PublishedPackages;
/** A folder with the SDK installed from its one tarball, and the examples beside it. */
let consumer: string;
let fake: FakeApi;
let redis: TestRedis;

beforeAll(async () => {
  [packages, fake, redis] = await Promise.all([publishedPackages(), startFakeApi(), startRedis()]);
  Object.assign(fake.projects[0] as object, { status: 'active' });
  consumer = await packages.install('consumer');
  await addNodeTypes(consumer);
  for (const name of sources) await cp(join(examples, name), join(consumer, name));
}, 120_000);
afterAll(() => Promise.all([packages.remove(), fake.stop(), redis.stop()]));

const env = () => ({
  PATH: process.env.PATH,
  ORCHESTRATOR_API_URL: fake.url,
  ORCHESTRATOR_TOKEN: TOKEN,
  REDIS_URL: redis.url,
});

/** Runs a file of the consumer, or a module given as text; gives what it prints. */
async function node(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, args, { cwd: consumer, env: env(), timeout: 30_000 });
  expect(stderr).toBe('');
  return stdout;
}

const evaluate = (text: string) => node('--input-type=module', '-e', text);

/** Bundles for Node, in the consumer's folder. */
async function bundle(options: BuildOptions): Promise<{ metafile: Metafile; outputFiles?: OutputFile[] | undefined }> {
  const fixed = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    absWorkingDir: consumer,
    logLevel: 'silent',
  } as const;
  return await build({ ...fixed, ...options, metafile: true });
}

describe('the tarballs', () => {
  it.each(['contracts', 'sdk'] as const)(
    'of %s have nothing that publint or arethetypeswrong would mend',
    async (name) => {
      const tarball = packages.tarballs[name];
      const attw = join(root, 'node_modules', '.bin', 'attw');
      // ESM alone: CommonJS takes the package by import(), for which there is a test below.
      const types = await run(attw, [tarball, '--profile', 'esm-only', '--format', 'json']);
      const bytes = await readFile(tarball);
      const { messages } = await publint({ pack: { tarball: bytes.buffer as ArrayBuffer }, strict: true });

      expect(messages).toEqual([]);
      expect((JSON.parse(types.stdout) as { analysis: { types: unknown } }).analysis.types).toBeTruthy();
    },
  );

  it.each(['contracts', 'sdk'])('of %s hold the sources that their maps name, and no tests', async (name) => {
    const sdk = join(consumer, 'node_modules', '@codegen', 'sdk');
    const folder = name === 'sdk' ? sdk : join(sdk, name);
    const files = await readdir(folder, { recursive: true });
    const maps = files.filter((file) => file.endsWith('.map'));

    expect(maps.length).toBeGreaterThan(20);
    expect(files.filter((file) => /\.test\.|(^|\/)tests\//.test(file))).toEqual([]);
    for (const map of maps) {
      const { sources: named } = JSON.parse(await readFile(join(folder, map), 'utf8')) as { sources: string[] };
      const missing = named.map((one) => join(map, '..', one)).filter((one) => !files.includes(one));
      expect([map, missing]).toEqual([map, []]);
    }
  });

  it('let a manifest be read, which asks for nothing of this repository and for one zod', async () => {
    const require = createRequire(join(consumer, 'index.js'));
    const manifest = require('@codegen/sdk/package.json');
    expect(manifest).toMatchObject({ name: '@codegen/sdk', sideEffects: false, peerDependencies: { zod: '^4.6.7' } });
    expect(Object.keys(manifest.dependencies)).toEqual(['ioredis', 'pino', 'yaml']);
    expect(await readdir(join(consumer, 'node_modules', '@codegen'))).toEqual(['sdk']);
    expect(await evaluate(ONE_ZOD)).toBe('true\n');
  });

  it('have no files that name the contracts by another package', async () => {
    const folder = join(consumer, 'node_modules', '@codegen', 'sdk');
    const files = (await readdir(folder, { recursive: true })).filter((file) => /(\.js|\.d\.ts)$/.test(file));
    const naming = /(from|import)\s*\(?\s*['"]@codegen\/contracts/;
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    expect(files.filter((_, at) => naming.test(texts[at] as string))).toEqual([]);
  });

  it('are not made without the contracts', async () => {
    const packed = run('npm', ['pack', '--dry-run'], { cwd: join(root, 'packages', 'sdk') });
    await expect(packed).rejects.toThrow('npm run pack:sdk');
  });
});

describe('a TypeScript project', () => {
  const compilers = {
    'TypeScript 5': join(root, 'node_modules', '@arethetypeswrong', 'core', 'node_modules', 'typescript', 'bin', 'tsc'),
    'the current TypeScript': join(root, 'node_modules', '.bin', 'tsc'),
  };
  const settings = [
    ['TypeScript 5', 'node16'],
    ['the current TypeScript', 'nodenext'],
    ['the current TypeScript', 'bundler'],
  ] as const;

  it.each(settings)(
    'compiles the examples and every subpath with %s and module resolution %s, the libraries checked too',
    async (compiler, resolution) => {
      await writeFile(
        join(consumer, 'every-subpath.ts'),
        subpaths.map((path, at) => `export * as s${at} from '${path}';\n`).join(''),
      );
      const outDir = `out-${compiler.replace(/\W/g, '')}-${resolution}`;
      const compilerOptions = {
        target: 'ES2022',
        module: resolution === 'bundler' ? 'ESNext' : resolution,
        moduleResolution: resolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        types: ['node'],
        rootDir: '.',
        outDir,
      };
      const config = join(consumer, `tsconfig.${outDir}.json`);
      await writeFile(
        config,
        JSON.stringify({
          compilerOptions,
          files: [...sources.filter((name) => name.endsWith('.ts')), 'every-subpath.ts'],
        }),
      );

      const { code, stdout } = await run(process.execPath, [compilers[compiler], '-p', config], { cwd: consumer }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: { code: number; stdout: string }) => error,
      );

      expect([code, stdout]).toEqual([0, '']);
    },
    300_000,
  );
});

describe('the examples', () => {
  /** Compiled with nothing but their types removed. */
  beforeAll(() =>
    build({
      entryPoints: sources.filter((name) => name.endsWith('.ts')).map((name) => join(consumer, name)),
      outdir: consumer,
      format: 'esm',
      target: 'node20',
    }),
  );

  it('starts a task and follows it to its end', async () => {
    fake.tasks.clear();
    const printed = node('start-and-follow.js');
    await waitFor('the task', () => fake.tasks.size === 1);
    fake.emit(fake.onlyTask(), { message: 'two tests written' });
    fake.end(fake.onlyTask(), 'completed', { result: { status: 'success' } });

    expect(await printed).toBe("1 progress two tests written\n2 completed done\ncompleted { status: 'success' }\n");
  });

  it('walks a list', async () => {
    expect(await node('list-projects.js')).toBe(listed);
  });

  it('tells errors apart', async () => {
    expect(await node('handle-errors.js')).toBe("there is no project todo-apo [ 'todo-api' ]\n");
  });

  it('consumes what it publishes', async () => {
    expect(await node('consume.js')).toBe('Ada owes 12.50\n');
  });

  it('serves, and starts a task for its caller', async () => {
    fake.tasks.clear();
    const child = execFile(process.execPath, ['serve.js'], { cwd: consumer, env: { ...env(), PORT: '0' } });
    try {
      const line = await new Promise<string>((done) => child.stdout?.once('data', done));
      const port = /port: (\d+)/.exec(line)?.[1];
      const started = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'A list' });
      const refused = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: ' ' });

      expect([started.status, await started.text()]).toEqual([202, `${fake.onlyTask()}\n`]);
      expect([refused.status, await refused.text()]).toEqual([502, 'the spec is empty: describe what to build\n']);
    } finally {
      child.kill();
    }
  });

  it.each(['099 X', '304 Not Modified'])('goes on serving where the API answers %s', async (line) => {
    const odd = createServer((socket) => void socket.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`));
    await new Promise<void>((done) => odd.listen(0, '127.0.0.1', done));
    const ORCHESTRATOR_API_URL = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    const variables = { ...env(), ORCHESTRATOR_API_URL, PORT: '0' };
    const child = execFile(process.execPath, ['serve.js'], { cwd: consumer, env: variables });
    try {
      const said = await new Promise<string>((done) => child.stdout?.once('data', done));
      const port = /port: (\d+)/.exec(said)?.[1];
      for (const spec of ['A list', 'Again']) {
        const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: spec });
        expect(answer.status).toBe(502);
      }
    } finally {
      child.kill();
      odd.close();
    }
  });

  it('runs from CommonJS', async () => {
    expect(await node('from-commonjs.cjs')).toBe("[ 'todo-api' ]\n");
  });

  it.each(sources)('are what the SDK’s README shows: %s', async (name) => {
    const readme = await readFile(join(root, 'packages', 'sdk', 'README.md'), 'utf8');
    const language = name.endsWith('.ts') ? 'ts' : 'js';
    const shown = readme.includes(`\`\`\`${language}\n${await readFile(join(examples, name), 'utf8')}\`\`\``);
    expect([name, shown]).toEqual([name, true]);
  });
});

describe('importing', () => {
  const hook = join(root, 'tests', 'support', 'log-loads.mjs');
  async function loadedBy(text: string): Promise<string[]> {
    const LOADS = join(consumer, `loads-${Math.random()}`);
    await run(process.execPath, [`--import=${hook}`, '--input-type=module', '-e', text], {
      cwd: consumer,
      env: { ...env(), LOADS },
    });
    const urls = (await readFile(LOADS, 'utf8')).split('\n').filter((url) => url.startsWith('file:'));
    return urls.map((url) => url.replace(/.*\/node_modules\//, '')).sort();
  }

  it('the root loads the client alone, and the rest when it is first used', async () => {
    const before = await loadedBy("import '@codegen/sdk';");
    expect(before).toEqual([
      '@codegen/sdk/contracts/dist/error-codes.js',
      '@codegen/sdk/dist/abortable.js',
      '@codegen/sdk/dist/admin/queues-client.js',
      '@codegen/sdk/dist/admin/workers-client.js',
      '@codegen/sdk/dist/api/address.js',
      '@codegen/sdk/dist/errors.js',
      '@codegen/sdk/dist/index.js',
      '@codegen/sdk/dist/orchestrator.js',
      '@codegen/sdk/dist/paste.js',
      '@codegen/sdk/dist/queue/redis-url.js',
      '@codegen/sdk/dist/redis-session.js',
      '@codegen/sdk/dist/respond.js',
    ]);
  });

  it('what speaks HTTP loads no Redis client and no logger', async () => {
    const used = await loadedBy(
      `import { Orchestrator } from '@codegen/sdk';
       const { ORCHESTRATOR_API_URL: apiUrl, ORCHESTRATOR_TOKEN: token } = process.env;
       const task = await new Orchestrator({ apiUrl, token }).engineering.start({ project: 'todo-api', spec: 'x' });`,
    );
    const names = new Set(
      used.map((path) =>
        path
          .split('/')
          .slice(0, path.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    );
    expect([...names]).toEqual(['@codegen/sdk', 'zod']);
  });
});

describe('a bundler', () => {
  /** Packages that a file of a bundle needs before it can start: its own and those of the chunks it imports at once. */
  function startsWith({ outputs }: Metafile, file: string): Set<string> {
    const found = new Set<string>();
    const visit = (path: string) => {
      for (const input of Object.keys(outputs[path]?.inputs ?? {})) {
        const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
        if (name) found.add(name);
      }
      for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') visit(next);
    };
    visit(file);
    return found;
  }

  it('makes one file that runs', async () => {
    await bundle({ entryPoints: ['list-projects.ts'], format: 'esm', outfile: 'one-file.mjs' });
    expect(await node('one-file.mjs')).toBe(listed);
  });

  it('keeps Redis out of what starts with HTTP, when it may split', async () => {
    const { metafile } = await bundle({
      entryPoints: ['list-projects.ts'],
      format: 'esm',
      splitting: true,
      outdir: 'split',
      outExtension: { '.js': '.mjs' },
    });

    expect([...startsWith(metafile, 'split/list-projects.mjs')].sort()).toEqual(['@codegen/sdk']);
    expect(Object.keys(metafile.inputs).some((path) => path.includes('node_modules/ioredis'))).toBe(true);
    expect(await node(join('split', 'list-projects.mjs'))).toBe(listed);
  });

  it('finds no Redis at all behind the REST API', async () => {
    const contents = "import { createApi } from '@codegen/sdk/api'; console.log(typeof createApi);";
    const { metafile } = await bundle({ stdin: { contents, resolveDir: consumer }, format: 'esm', outfile: 'api.mjs' });

    expect([...startsWith(metafile, 'api.mjs')].sort()).toEqual(['@codegen/sdk', 'zod']);
    expect(await node('api.mjs')).toBe('function\n');
  });

  it('drops all of what is not used', async () => {
    const contents = subpaths.map((path) => `import '${path}';`).join('\n');
    const { outputFiles } = await bundle({ stdin: { contents, resolveDir: consumer }, format: 'esm', write: false });

    expect(outputFiles?.[0]?.text.trim()).toBe('');
  });
});

describe('two copies of the package', () => {
  let other: string;
  beforeAll(async () => {
    other = await packages.install('other');
  }, 60_000);
  const errorsOf = (folder: string) =>
    JSON.stringify(join(folder, 'node_modules', '@codegen', 'sdk', 'dist', 'errors.js'));
  const queueOf = (folder: string, file: string) =>
    JSON.stringify(join(folder, 'node_modules', '@codegen', 'sdk', 'dist', file));

  it('know each other’s errors, code and all', async () => {
    const printed = await evaluate(`
      import * as here from ${errorsOf(consumer)};
      import * as there from ${errorsOf(other)};
      const error = new there.OrchestratorError('TASK_FAILED', 'x', { requestId: 'r-1', cause: new Error('y') });
      const { code, exitCode, retryable, requestId, cause } = error;
      console.log(JSON.stringify([
        there.OrchestratorError === here.OrchestratorError, here.isOrchestratorError(error),
        code, exitCode, retryable, requestId, cause.message,
        here.handlingKind(new there.PermanentError('x')), here.handlingKind(new there.FatalError('x')),
      ]));`);

    expect(JSON.parse(printed)).toEqual([false, true, 'TASK_FAILED', 1, false, 'r-1', 'y', 'permanent', 'fatal']);
  });

  it('know them also through CommonJS', async () => {
    await writeFile(
      join(consumer, 'know.cjs'),
      `Promise.all([import(${errorsOf(consumer)}), import(${errorsOf(other)})]).then(([here, there]) =>
         console.log(here.isOrchestratorError(new there.OrchestratorError('BUG', 'x'))));`,
    );
    expect(await node('know.cjs')).toBe('true\n');
  });

  it('let a consumer of one dead-letter what the other calls permanent', async () => {
    const printed = await evaluate(`
      import { engineeringQueue } from '@codegen/sdk/contracts';
      import { runConsumer } from ${queueOf(consumer, 'consumer/index.js')};
      import { publish } from ${queueOf(consumer, 'queue/index.js')};
      import { memoryQueue } from ${queueOf(consumer, 'testing/index.js')};
      import { PermanentError } from ${errorsOf(other)};
      const queue = memoryQueue();
      const handler = async () => { throw new PermanentError('never', { code: 'NOPE' }); };
      let dead;
      const died = new Promise((resolve) => { dead = resolve; });
      const consumer = runConsumer({ queue, contract: engineeringQueue, service: 's', consumer: 'c', handler,
        onDeadLetter: async (_, { code, attempts }) => dead([code, attempts]) });
      await publish(queue, engineeringQueue, { task_id: 'task_1', project_id: 'proj_1', user_id: 1 });
      console.log(JSON.stringify(await died));
      await consumer.stop();`);

    expect(JSON.parse(printed)).toEqual(['NOPE', 1]);
  });
});
