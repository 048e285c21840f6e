import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { putServer } from '@codegen/contracts';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { readRedisUrl, readUrl } from '@codegen/sdk/service';
import { messageOf } from '@codegen/sdk/text';
import { readConfig, releaseFolder, type SystemPlan } from './config.js';
import { API_PORT, blanksOf, checkFree, holdsRelease, systemFiles, writeSystemFolder } from './system-folder.js';

// Writes the folder of a system whose services run as separate processes. The flags of the stack come after "--"; the
// addresses, which may contain passwords, come in DATABASE_URL and REDIS_URL. Prints one line of JSON: {"written":…} or
// {"failed":{"code","message"}}.

const options = {
  dir: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  user: { type: 'string' },
  release: { type: 'string', default: releaseFolder },
  'dry-run': { type: 'boolean', default: false },
} as const;

// Writing takes a moment, so finish it before ending on a signal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
try {
  process.stdout.write(`${JSON.stringify({ written: await init() })}\n`);
} catch (error) {
  if (!isOrchestratorError(error)) throw error;
  const { code, message, next, details } = error;
  process.stdout.write(`${JSON.stringify({ failed: { code, message, next, details } })}\n`);
  process.exitCode = error.exitCode;
}

async function init() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const dir = resolve(values.dir ?? '.');
  // A --data-dir in the flags overrides this one.
  const config = await readConfig(['--data-dir', join(dir, 'data'), ...positionals], process.env);
  const plan: SystemPlan = {
    dir,
    config,
    databaseUrl: addressOf('DATABASE_URL', (env) =>
      readUrl(
        env,
        'DATABASE_URL',
        ['postgres', 'postgresql'],
        'a PostgreSQL server, such as postgres://user@host/name',
      ),
    ),
    redisUrl: addressOf('REDIS_URL', readRedisUrl),
    host: values.host,
    user: values.user ?? userInfo().username,
    release: resolve(values.release),
  };
  check(plan);
  if (!(await holdsRelease(plan.release))) {
    throw usage(`${plan.release} (--release) contains no built services: name the folder of the release`);
  }
  const files = systemFiles(plan);
  if (values['dry-run']) await checkFree(dir);
  else await writeSystemFolder(plan, files);
  return {
    dir,
    dry_run: values['dry-run'],
    user: plan.user,
    agent: config.agent,
    data_dir: config.dataDir,
    files: Object.entries(files).map(([path, { mode }]) => ({ path, mode: `0${mode.toString(8)}` })),
    blanks: blanksOf(files),
    warnings: [
      ...(plan.user === 'root'
        ? ['the units, agents and releases would run as root: run this as a separate account, or name one with --user']
        : []),
      ...((await hasAccount(plan.user))
        ? []
        : [
            `this machine has no account ${plan.user}, which the units run as: create it on the machine where they run`,
          ]),
      ...(config.agent === 'demo'
        ? ['the agent is the demo agent, which is not an AI: use --agents-file and --agent for your own']
        : []),
    ],
  };
}

/** By `id`, which knows all sources of accounts on this machine; true if there is no such program. */
async function hasAccount(user: string): Promise<boolean> {
  return promisify(execFile)('id', ['-u', '--', user]).then(
    () => true,
    ({ code }: { code: unknown }) => typeof code !== 'number',
  );
}

function addressOf(name: string, read: (env: NodeJS.ProcessEnv) => string): string {
  if (!process.env[name]) return '';
  try {
    return read(process.env);
  } catch (error) {
    throw usage(messageOf(error));
  }
}

/** Units contain these paths and names, and other characters would have a meaning there. */
function check({ dir, config, user, host, release }: SystemPlan): void {
  const { from, to } = config.deployPorts;
  const port = config.port || API_PORT;
  if (port >= from && port <= to)
    throw usage(`--port ${port} is within --deploy-ports ${from}-${to}: the API needs another port`);
  const paths = {
    '--dir': dir,
    '--data-dir': config.dataDir,
    '--release': release,
    '--template-dir': config.templateDir,
  };
  for (const [flag, path] of Object.entries({ ...paths, 'the path of node': process.execPath })) {
    if (!/^[\w./@+:-]+$/.test(path)) {
      throw usage(
        `${flag} is ${JSON.stringify(path)}: systemd units allow only letters, digits and . / _ - + @ : in paths`,
      );
    }
  }
  if (!/^[a-z_][\w-]{0,31}$/i.test(user))
    throw usage(`--user must be the name of an account, not ${JSON.stringify(user)}`);
  const [issue] = putServer.shape.ip.safeParse(host).error?.issues ?? [];
  if (issue) throw usage(`--host ${issue.message}, not ${JSON.stringify(host)}`);
}

function usage(message: string): OrchestratorError {
  return new OrchestratorError('USAGE', message);
}
