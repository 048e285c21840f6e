import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Whether a package may import another workspace package. */
function allowed(from: string, to: string): boolean {
  if (from === '@codegen/contracts') return false;
  if (from === '@codegen/sdk') return to === '@codegen/contracts';
  // The command line starts the stack, so the stack must not import it.
  if (from === '@codegen/stack') return to !== '@codegen/orchestrator-cli';
  return to === '@codegen/contracts' || to === '@codegen/sdk';
}

/** The subpaths of the SDK that the API may import; it uses no queue. */
const SDK_FOR_API = ['@codegen/sdk/service', '@codegen/sdk/errors', '@codegen/sdk/processes', '@codegen/sdk/text'];
/**
 * Imports of sdk/service, which every service loads, also the API: only pino, and of the SDK only log context, redaction,
 * traces and the URL of Redis.
 */
const IN_SDK_SERVICE =
  /^(node:|\.\/(?!signs-of-life|health|metrics|telemetry)|\.\.\/(current-message|text\/(redactor|error-text)|queue\/(redis-url|logger|open-telemetry))\.js$|pino$)/;
/** Files of sdk/service that only some services load. */
const LOADED_LATER = /\/service\/(signs-of-life|health|metrics|telemetry)\.ts$/;
/** Most lines of a service's parts list. */
const MOST_LINES_OF_A_START = 60;
/** Folders that import no package, because the API and the start of the CLI load them. */
const WITHOUT_PACKAGES = /^packages\/sdk\/src\/(processes|files)\//;
const FOR_WITHOUT_PACKAGES = /^(node:|\.\/)/;
/** Imports of sdk/text, which every command loads at its start: no package, not even zod. */
const IN_SDK_TEXT = /^(\.\/|@codegen\/contracts\/storable$)/;

/** The only file that may import oclif. */
const OF_OCLIF = 'packages/orchestrator-cli/src/kit/parse.ts';

/** Sources that open paths below folders that others write to: agents, commits, releases, users. */
const AMONG_OTHERS =
  /^(packages\/worker-wrapper|services\/(worker-manager|infra-service))\/src\/|^packages\/(orchestrator-cli\/src\/config|sdk\/src\/profiles)\//;
/** Calls that may block on a pipe, follow a link or read without a limit. */
const OPENS = /^(open|readFile|writeFile|appendFile|truncate|copyFile|cp|rm|create(Read|Write)Stream)(Sync)?$/;
/** Files that open only files of their own, and why. */
const OPENS_ITS_OWN = new Set([
  // The wrapper's own git directory, which agents see only when it is complete.
  'packages/worker-wrapper/src/workspace.ts',
  'packages/worker-wrapper/src/agent-repository.ts',
  // The index that git has just written beside the release.
  'services/infra-service/src/releases/prepare-release.ts',
]);

/** All violations of these rules in a tree of workspaces. */
function violations(tree: string): string[] {
  const found: string[] = [];
  for (const folder of ['packages', 'services'].flatMap((group) => children(join(tree, group)))) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
    };
    const dependencies = Object.keys(manifest.dependencies ?? {});
    for (const name of dependencies.filter((one) => one.startsWith('@codegen/') && !allowed(manifest.name, one))) {
      found.push(`${manifest.name} depends on ${name}`);
    }
    if (manifest.name === '@codegen/contracts' && dependencies.some((one) => one !== 'zod')) {
      found.push('@codegen/contracts depends on more than zod');
    }
    for (const file of sources(join(folder, 'src'))) {
      const text = readFileSync(file, 'utf8');
      const where = relative(tree, file).split(sep).join('/');
      for (const target of imports(text)) {
        const name = target.startsWith('@codegen/') ? target.split('/').slice(0, 2).join('/') : undefined;
        if (name && name !== manifest.name && !allowed(manifest.name, name)) found.push(`${where} imports ${target}`);
        if (name && !dependencies.includes(name) && name !== manifest.name)
          found.push(`${where} imports undeclared ${name}`);
        if (target.startsWith('@codegen/sdk/testing')) found.push(`${where} imports ${target}, which is for tests`);
        if (manifest.name === '@codegen/api' && name === '@codegen/sdk' && !SDK_FOR_API.includes(target)) {
          found.push(`${where} imports ${target}: the API uses no queue`);
        }
        if (where === 'packages/sdk/src/current-message.ts' && !target.startsWith('node:')) {
          found.push(`${where} imports ${target}: services start without it`);
        }
        if (WITHOUT_PACKAGES.test(where) && !FOR_WITHOUT_PACKAGES.test(target)) {
          found.push(`${where} imports ${target}: it may import Node.js only`);
        }
        if (where.startsWith('packages/sdk/src/text/') && !IN_SDK_TEXT.test(target)) {
          found.push(`${where} imports ${target}: texts are handled without it`);
        }
        if (target.startsWith('@oclif/') && where !== OF_OCLIF) {
          found.push(`${where} imports ${target}: ${OF_OCLIF} alone knows the parser`);
        }
        if (where.startsWith('services/langgraph/src/engine/') && target.includes('flows/')) {
          found.push(`${where} imports ${target}: the engine knows no flow`);
        }
        const inside = resolve(dirname(file), target).startsWith(join(folder, 'src'));
        if (target.startsWith('.') && !inside) found.push(`${where} imports ${target}, outside of its package`);
        if (/\/main\.js$/.test(target)) found.push(`${where} imports main`);
      }
      if (where.startsWith('packages/sdk/src/service/') && !LOADED_LATER.test(where)) {
        for (const target of loadedAtOnce(text).filter((one) => !IN_SDK_SERVICE.test(one))) {
          found.push(`${where} imports ${target}: services start without it`);
        }
      }
      const lines = text.split('\n').length - 1;
      if (/: ServiceParts<.*> = \{$/m.test(text) && lines > MOST_LINES_OF_A_START) {
        found.push(`${where} has ${lines} lines, and says what a service is made of: at most ${MOST_LINES_OF_A_START}`);
      }
      if (AMONG_OTHERS.test(where) && !OPENS_ITS_OWN.has(where)) {
        const opening = ofFileSystem(text).filter((name) => OPENS.test(name));
        for (const name of opening) found.push(`${where} uses ${name}, where @codegen/sdk/files has to be used`);
      }
      // Setting a variable is allowed.
      const readsEnvironment = /\bprocess\.env\b(?!\[\w+\] = )/.test(text);
      if (
        readsEnvironment &&
        where.startsWith('services/') &&
        !/\/(main|serve|config|demo|down|init)\.ts$/.test(where)
      ) {
        found.push(`${where} reads the environment`);
      }
    }
  }
  return found;
}

/** Files in import circles, including types, each with its imports in the circle. */
function circles(tree: string): string[][] {
  const files = ['packages', 'services'].flatMap((group) =>
    children(join(tree, group)).flatMap((folder) => sources(join(folder, 'src'))),
  );
  const needs = new Map(
    files.map((file) => {
      // A dynamic `import(…)` makes no circle.
      const targets = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)\.js';/gm)];
      return [file, targets.map(([, target]) => resolve(dirname(file), `${target}.ts`))] as const;
    }),
  );
  // A file that imports none of the rest, or is imported by none, is in no circle.
  for (let before = 0; before !== needs.size; ) {
    before = needs.size;
    const needed = new Set([...needs.values()].flat());
    for (const [file, targets] of needs) {
      if (!needed.has(file) || !targets.some((target) => needs.has(target))) needs.delete(file);
    }
  }
  return [...needs].map(([file, targets]) =>
    [file, ...targets.filter((target) => needs.has(target))].map((path) => relative(tree, path)),
  );
}

function children(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function imports(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] as string);
}

/** Modules that are loaded with a file: no types and no dynamic imports. */
function loadedAtOnce(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b(?! type)(?:[^;'"]* from)? ?['"]([^'"]+)['"];/gm)].map(
    (match) => match[1] as string,
  );
}

/** Names that a source imports from Node's file system modules. */
function ofFileSystem(text: string): string[] {
  const lists = [...text.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g)].map(
    ([, names]) => names as string,
  );
  const whole = /import (?:\* as )?\w+ from 'node:fs/.test(text) ? ['open'] : [];
  return [
    ...lists.flatMap((names) => names.split(',').map((name) => name.trim().split(' as ')[0] as string)),
    ...whole,
  ];
}

describe('boundaries', () => {
  it('hold for every manifest and every import', () => {
    expect(violations(root)).toEqual([]);
  });

  it('allow no import circles, not even of types', () => {
    expect(circles(root)).toEqual([]);
  });

  it('report every violation', () => {
    const tree = mkdtempSync(join(tmpdir(), 'codegen-boundaries-'));
    const file = (path: string, text: string) => {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    };
    try {
      file(
        'packages/contracts/package.json',
        JSON.stringify({ name: '@codegen/contracts', dependencies: { ioredis: '6' } }),
      );
      file('packages/contracts/src/index.ts', "import '@codegen/sdk';");
      file('services/a/package.json', JSON.stringify({ name: '@codegen/a', dependencies: { '@codegen/b': '1' } }));
      file('services/a/src/handle.ts', "import { b } from '@codegen/b';\nexport const x = [b, process.env.X];");
      file(
        'services/a/src/up.ts',
        "import '../../b/src/index.js';\nawait import('@codegen/sdk/testing');\nimport './main.js';",
      );
      file('packages/sdk/package.json', JSON.stringify({ name: '@codegen/sdk', dependencies: { ioredis: '6' } }));
      file(
        'packages/sdk/src/service/run.ts',
        "import 'pino';\nimport './read.js';\nimport '../queue/connect.js';\nimport type { Redis } from 'ioredis';\nexport const later = () => import('./signs-of-life.js');",
      );
      file('packages/sdk/src/service/signs-of-life.ts', "import '../api/index.js';");
      file(
        'services/langgraph/src/langgraph.ts',
        `export const long: ServiceParts<Config> = {\n${'  // and so on\n'.repeat(60)}};\n`,
      );
      file('packages/sdk/src/current-message.ts', "import 'node:async_hooks';\nimport 'ioredis';");
      file('packages/sdk/src/processes/end.ts', "import 'node:fs';\nimport 'execa';\nimport '../queue/connect.js';");
      file('packages/sdk/src/files/read.ts', "import 'node:fs';\nimport 'yaml';");
      file('packages/sdk/src/text/clean.ts', "import '@codegen/contracts';\nimport './redactor.js';");
      file(
        'services/api/package.json',
        JSON.stringify({ name: '@codegen/api', dependencies: { '@codegen/sdk': '1' } }),
      );
      file('services/api/src/queue.ts', "import '@codegen/sdk/queue';\nimport '@codegen/sdk/service';");
      file('services/langgraph/package.json', JSON.stringify({ name: '@codegen/langgraph' }));
      file('services/langgraph/src/engine/sweep.ts', "import '../flows/conditions.js';");
      file('services/worker-manager/src/read.ts', "import { stat, readFile as read } from 'node:fs/promises';");
      file('services/worker-manager/package.json', JSON.stringify({ name: '@codegen/worker-manager' }));
      file('services/c/src/one.ts', "import type { Two } from './two.js';");
      file('services/c/src/two.ts', "export { one } from './one.js';\nimport { fine } from './fine.js';");
      file('services/c/src/fine.ts', "const later = () => import('./two.js');");
      file(
        'services/stack/package.json',
        JSON.stringify({
          name: '@codegen/stack',
          dependencies: { '@codegen/api': '1', '@codegen/orchestrator-cli': '1' },
        }),
      );
      file('services/stack/src/fine.ts', "import '@codegen/api';");
      file('services/c/package.json', JSON.stringify({ name: '@codegen/c' }));
      file('services/a/src/config.ts', 'export const fine = process.env.X;');
      file('packages/orchestrator-cli/package.json', JSON.stringify({ name: '@codegen/orchestrator-cli' }));
      file('packages/orchestrator-cli/src/kit/parse.ts', "import '@oclif/core/parser';");
      file('packages/orchestrator-cli/src/list.ts', "import * as Flags from '@oclif/core/flags';");
      expect(violations(tree).sort()).toEqual([
        '@codegen/a depends on @codegen/b',
        '@codegen/contracts depends on more than zod',
        '@codegen/stack depends on @codegen/orchestrator-cli',
        'packages/contracts/src/index.ts imports @codegen/sdk',
        'packages/contracts/src/index.ts imports undeclared @codegen/sdk',
        'packages/orchestrator-cli/src/list.ts imports @oclif/core/flags: packages/orchestrator-cli/src/kit/parse.ts alone knows the parser',
        'packages/sdk/src/current-message.ts imports ioredis: services start without it',
        'packages/sdk/src/files/read.ts imports yaml: it may import Node.js only',
        'packages/sdk/src/processes/end.ts imports ../queue/connect.js: it may import Node.js only',
        'packages/sdk/src/processes/end.ts imports execa: it may import Node.js only',
        'packages/sdk/src/service/run.ts imports ../queue/connect.js: services start without it',
        'packages/sdk/src/text/clean.ts imports @codegen/contracts: texts are handled without it',
        'packages/sdk/src/text/clean.ts imports undeclared @codegen/contracts',
        'services/a/src/handle.ts imports @codegen/b',
        'services/a/src/handle.ts reads the environment',
        'services/a/src/up.ts imports ../../b/src/index.js, outside of its package',
        'services/a/src/up.ts imports @codegen/sdk/testing, which is for tests',
        'services/a/src/up.ts imports main',
        'services/a/src/up.ts imports undeclared @codegen/sdk',
        'services/api/src/queue.ts imports @codegen/sdk/queue: the API uses no queue',
        'services/langgraph/src/engine/sweep.ts imports ../flows/conditions.js: the engine knows no flow',
        'services/langgraph/src/langgraph.ts has 62 lines, and says what a service is made of: at most 60',
        'services/worker-manager/src/read.ts uses readFile, where @codegen/sdk/files has to be used',
      ]);
      expect(circles(tree)).toEqual([
        ['services/c/src/one.ts', 'services/c/src/two.ts'],
        ['services/c/src/two.ts', 'services/c/src/one.ts'],
      ]);
    } finally {
      rmSync(tree, { recursive: true });
    }
  });
});
