import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, transform } from 'esbuild';
import { thirdPartyLicenses } from './third-party-licenses.js';

const root = resolve(import.meta.dirname, '..', '..');
/** The oldest supported Node. */
const target = 'node20.19';
/** Chunks under this size share a file: reading one file costs about as much as reading ten times its length. */
const SMALL_BYTES = 32 * 1024;
const CORE = 'core.js';

/**
 * Bundles the command line with contracts, SDK and all third-party code, as CommonJS that `packed/orchestrator.cjs` loads.
 * First esbuild splits at each `import()`, without duplicates; it can do so only with ES modules. Then each chunk becomes
 * CommonJS, because V8 caches compiled code of scripts but not of modules.
 */
export async function bundleCli() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'packages/orchestrator-cli/src/main.ts', ...(await modulesOfTheirOwn()) },
    outdir: root,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    sourcemap: 'inline',
    sourcesContent: false,
    legalComments: 'none',
    plugins: [workspaceSources, lazyRequires],
  });
  const isPure = (name) => Object.keys(metafile.outputs[name].inputs).every((path) => PURE.test(path));
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }) => ({
      name: path.slice(root.length + 1),
      ...(await toCommonJs(text, isPure)),
    })),
  );
  chunks.sort((a, b) => (a.name < b.name ? -1 : 1));
  const inputs = Object.values(metafile.outputs).flatMap((chunk) => Object.keys(chunk.inputs));
  return { chunks, packages: packagesByChunk(metafile), licenses: await thirdPartyLicenses(root, inputs) };
}

/**
 * Puts chunks into files: one file for each group, one for all other small chunks, and one for each other chunk.
 * @param {Awaited<ReturnType<typeof bundleCli>>} bundle
 * @param {readonly (readonly string[])[]} groups names of chunks that run together
 * @returns {Map<string, string>} contents by file name: the code, a source map for each, the index of chunks, and their packages
 */
export function filesOf({ chunks, packages }, groups) {
  const place = ({ name, code }) => {
    const group = groups.findIndex((names) => names.includes(name));
    if (group >= 0) return `start-${group + 1}.js`;
    return code.length < SMALL_BYTES ? CORE : name;
  };
  /** The file of each chunk. */
  const index = Object.fromEntries(chunks.map((chunk) => [chunk.name, place(chunk)]));
  const files = new Map();
  for (const file of new Set(Object.values(index))) {
    const { code, map } = joinChunks(chunks.filter(({ name }) => index[name] === file));
    files.set(file, code);
    files.set(`${file}.map`, JSON.stringify(map));
  }
  files.set('index.json', JSON.stringify(index));
  files.set('packages.json', JSON.stringify(packages, undefined, 2));
  return files;
}

/**
 * Modules that get their own chunk, by name: those with schemas, which are slow to make, so that a command makes only the
 * ones it needs; and zod's messages: English, and all other languages.
 */
async function modulesOfTheirOwn() {
  const locales = 'node_modules/zod/v4/locales';
  const modules = { 'zod-locales': `${locales}/index.js`, 'zod-english': `${locales}/en.js` };
  for (const folder of ['packages/contracts/src', 'packages/sdk/src/api']) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || file.startsWith('generate')) continue;
      modules[`${folder.split('/')[1]}-${file.slice(0, -3).replaceAll('/', '-')}`] = join(folder, file);
    }
  }
  return modules;
}

/** The third-party packages in each chunk. */
function packagesByChunk({ outputs }) {
  const packagesOf = ({ inputs }) =>
    Object.keys(inputs).flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return Object.fromEntries(Object.entries(outputs).map(([name, chunk]) => [name, [...new Set(packagesOf(chunk))]]));
}

/** Bundles the workspaces' TypeScript instead of `dist`, so that stack traces point to it and nothing is outdated. */
const workspaceSources = {
  name: 'workspace-sources',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^@codegen\// }, ({ path }) => {
      const [, workspace, ...subpath] = path.split('/');
      const folder = join(root, 'packages', workspace);
      const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const built = exports[['.', ...subpath].join('/')].default;
      const source = join(folder, built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));
      return { path: source, sideEffects: false };
    });
  },
};

/**
 * Delays each require within oclif until its first use: its flags alone would load its plugins, templates and help. In
 * compiled TypeScript each use names the module, so `help_1.Help` becomes `(help_1()).Help`.
 */
const lazyRequires = {
  name: 'lazy-requires',
  setup(esbuild) {
    esbuild.onLoad({ filter: /node_modules\/@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      const required = /^const (\w+) = ((?:__import(?:Default|Star)\()?require\(["'][^"']+["']\)\)?);$/gm;
      for (const [line, name, module] of contents.matchAll(required)) {
        contents = contents.replace(line, `let its_${name}; const ${name} = () => (its_${name} ??= ${module});`);
        contents = contents.replaceAll(new RegExp(`\\b(?<!its_)${name}\\.`, 'g'), `(${name}()).`);
      }
      return { contents };
    });
  },
};

/** Modules of packages without side effects at load: `sideEffects: false`. */
const PURE = /^packages\/|^node_modules\/zod\//;

/** Converts a chunk to CommonJS. The loader provides the values of `import.meta`, because it knows the package's folder. */
async function toCommonJs(text, isPure) {
  // `import()` of a CommonJS package gives its exports by name, as in Node, not only as `default`.
  const commonJs = text.replace(/^export default (require_\w+\(\));$/m, 'module.exports = $1;');
  const { code: readable } = await transform(commonJs, {
    format: 'cjs',
    platform: 'node',
    target,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url', 'import.meta.dirname': '__dirname', 'import.meta.resolve': '__resolve' },
    sourcemap: 'inline',
    sourcesContent: false,
  });
  // Every byte is read at every start. Names stay, because stack traces contain them.
  const { code, map } = await transform(delayRequires(readable, isPure), {
    target,
    minifyWhitespace: true,
    sourcemap: 'external',
    sourcesContent: false,
  });
  return { code, map: JSON.parse(map) };
}

/**
 * Loads another chunk or a module of Node at its first use: esbuild names the module at each use. The replacement is as
 * long as the name, so that the source map stays correct.
 */
function delayRequires(code, isPure) {
  let lazy = code;
  const required = /^(?:var import_(\w+) = )?(require\("(node:|\.\/)([^"]+)"\));$/gm;
  for (const [line, variable, module, kind, name] of code.matchAll(required)) {
    if (kind === './' && !isPure(name)) continue;
    lazy = lazy.replace(line, () =>
      variable ? `let its_${variable}; const of_${variable} = () => (its_${variable} ??= ${module});` : '',
    );
    if (variable) lazy = lazy.replaceAll(new RegExp(`\\bimport_${variable}\\.`, 'g'), `(of_${variable}()).`);
  }
  return lazy;
}

/** Joins chunks into one script, whose value is an object of chunks by name, and a source map in sections. */
function joinChunks(chunks) {
  let code = '({\n';
  let line = 1;
  const sections = [];
  for (const { name, code: body, map } of chunks) {
    code += `${JSON.stringify(name)}(exports, require, module, __dirname, __url, __resolve) {\n${body}\n},\n`;
    sections.push({ offset: { line: line + 1, column: 0 }, map });
    line += body.split('\n').length + 2;
  }
  return { code: `${code}})\n`, map: { version: 3, sections } };
}
