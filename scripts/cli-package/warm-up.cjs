// Runs the command line of a package folder in this process, to save work in later runs. Usage:
//   node warm-up.cjs PACKAGE_FOLDER chunks     prints which chunks the usual commands run
//   node warm-up.cjs PACKAGE_FOLDER answers    stores the output of `--version` and `--help` in the folder
//   node warm-up.cjs PACKAGE_FOLDER compiled   stores V8's compiled code of the usual commands in the folder
const { mkdirSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');

const [, , folder, task] = process.argv;
const lib = join(folder, 'lib');
const { load, scripts, modules } = require(join(folder, 'bin', 'orchestrator.cjs')).loadChunks();
const { main } = load('./main.js');

// `main` listens for signals and ends the process; here it runs many times.
process.setMaxListeners(0);
const exit = process.exit;
process.exit = () => undefined;
let printed = '';
process.stdout.write = (text, done) => {
  printed += text;
  done();
};

/** Runs a command line. Returns what it printed. */
async function run(line, env = {}) {
  printed = '';
  await main(line.split(' '), { ORCHESTRATOR_CONFIG_DIR: join(folder, 'no-such-folder'), NO_COLOR: '1', ...env });
  if (printed === '') throw new Error(`orchestrator ${line} printed nothing`);
  return printed;
}

async function keepAnswers() {
  mkdirSync(join(lib, 'answers'));
  const keep = async (name, line) => {
    const text = (await run(line)).replace(process.version, '{{node}}');
    const json = (await run(`${line} --json`)).replace(process.version, '{{node}}');
    const { request_id, correlation_id } = JSON.parse(json).meta;
    writeFileSync(join(lib, 'answers', `${name}.txt`), text);
    writeFileSync(
      join(lib, 'answers', `${name}.json`),
      json.replace(request_id, '{{id}}').replace(correlation_id, '{{id}}'),
    );
    return JSON.parse(json).data;
  };
  await keep('version', '--version');
  const { commands } = await keep('help', '--help');
  const topics = new Set(commands.map(({ command }) => command.split(' ')[0]));
  const names = new Set([...topics, ...commands.map(({ command }) => command)]);
  for (const name of names) await keep(`help.${name.replaceAll(' ', '.')}`, `${name} --help`);
}

/** The most frequent commands: one that needs nothing, and one that calls the API. */
const USUAL = ['contracts schema Project', 'project list', 'project list --json'];
/** Commands that share much code with others. */
const OTHERS = ['task list', 'task list --json', 'deploy list', 'auth key list', 'config list'];

/** Runs commands against an API that has one project and nothing else. */
async function runCommands(lines, afterEach = () => undefined) {
  const now = new Date().toISOString();
  const project = {
    id: 'proj_0',
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
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ items: url.startsWith('/projects') ? [project] : [], next_cursor: null }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${server.address().port}`, ORCHESTRATOR_TOKEN: 'token' };
  for (const line of lines) {
    await run(line, env);
    afterEach();
  }
  server.closeAllConnections();
  server.close();
}

/** Prints lists of chunks: those of the first command, then those that each next one adds. */
async function printChunks() {
  const lists = [];
  await runCommands(USUAL, () => {
    const known = lists.flat();
    lists.push(Object.keys(modules).filter((name) => !known.includes(name)));
  });
  writeFileSync(1, JSON.stringify(lists));
}

async function keepCompiled() {
  await runCommands([...USUAL, ...OTHERS]);
  const kind = `${process.version}-${process.platform}-${process.arch}`;
  for (const [file, { script }] of Object.entries(scripts)) {
    writeFileSync(`${join(lib, file)}.${kind}`, script.createCachedData());
  }
}

const tasks = { chunks: printChunks, answers: keepAnswers, compiled: keepCompiled };
tasks[task]().then(
  () => exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    exit(1);
  },
);
