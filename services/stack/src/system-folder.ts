import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeApiKeySecret, seedKeysOf } from '@codegen/api';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { makeFolder } from '@codegen/sdk/files';
import { releaseFolder, type StackConfig, type SystemPlan } from './config.js';
import { newServiceKeys } from './keys.js';
import { serviceEnvironments } from './service-environments.js';
import { systemReadme } from './system-readme.js';
import { systemdUnits } from './systemd-units.js';

/** A file of a system folder. */
interface SystemFile {
  readonly mode: number;
  readonly content: string;
}

const PRIVATE = 0o600;
/** Port of the API without --port. */
export const API_PORT = 8000;

/** Every file of a system folder, by relative path. Makes new keys at every call. */
export function systemFiles(plan: SystemPlan): Record<string, SystemFile> {
  const { dir, config, databaseUrl, redisUrl, host, user, release } = plan;
  const keys = newServiceKeys();
  const { dataDir, deployPorts } = config;
  const folders = {
    repos: join(dataDir, 'repos'),
    workers: join(dataDir, 'workers'),
    releases: join(dataDir, 'releases'),
  };
  const files = {
    ...{ adminToken: join(dir, 'keys', 'admin-token'), vaultKey: join(dir, 'keys', 'vault.key') },
    ...{ seed: join(dir, 'seed.json'), agents: join(dir, 'agents.json') },
  };
  const node = process.execPath;
  const path = [...new Set([dirname(node), '/usr/local/bin', '/usr/bin', '/bin'])].join(':');
  const port = config.port || API_PORT;
  const settings = { ...config, templateDir: movedTo(release)(config.templateDir) };
  const environments = serviceEnvironments({
    config: settings,
    redisUrl,
    databaseUrl,
    port,
    host,
    keys,
    files,
    folders,
    path,
  });
  const seed = {
    service_keys: seedKeysOf(keys),
    servers: { local: { ip: host, port_from: deployPorts.from, port_to: deployPorts.to } },
  };
  const units = systemdUnits({ dir, user, node, release, folders, turnTimeoutSeconds: config.turnTimeoutSeconds });
  const inside = (folder: string, entries: Record<string, string>, mode: number) =>
    Object.entries(entries).map(([name, content]) => [join(folder, name), { mode, content }] as const);
  return Object.fromEntries([
    ...Object.entries(environments).map(
      ([name, variables]) => [`env/${name}.env`, { mode: PRIVATE, content: environmentFile(name, variables) }] as const,
    ),
    ...inside(
      'keys',
      { 'admin-token': `${makeApiKeySecret()}\n`, 'vault.key': `${randomBytes(32).toString('base64')}\n` },
      PRIVATE,
    ),
    ...inside('', { 'seed.json': json(seed), 'agents.json': json(inRelease(config.agents, release)) }, PRIVATE),
    ...inside('systemd', units, 0o644),
    ['README.md', { mode: 0o644, content: systemReadme({ ...plan, port, node }) }] as const,
  ]);
}

/** The blank variables that the operator must fill in, each with its files. */
export function blanksOf(files: Record<string, SystemFile>): { variable: string; files: string[] }[] {
  const blanks = ['DATABASE_URL', 'REDIS_URL'].map((variable) => ({
    variable,
    files: Object.keys(files).filter((path) => files[path]?.content.includes(`\n${variable}=''\n`)),
  }));
  return blanks.filter((blank) => blank.files.length > 0);
}

/**
 * Writes the folder atomically: as a draft beside it, which is then renamed.
 * @throws OrchestratorError CONFLICT if it is not empty; USAGE if it cannot be written
 */
export async function writeSystemFolder({ dir, config }: SystemPlan, files: Record<string, SystemFile>): Promise<void> {
  await checkFree(dir);
  let draft: string | undefined;
  try {
    await makeFolder(dirname(dir));
    draft = await mkdtemp(join(dirname(dir), `.${basename(dir)}.`));
    for (const folder of ['env', 'keys', 'systemd']) await mkdir(join(draft, folder), { mode: 0o700 });
    for (const [path, { mode, content }] of Object.entries(files)) {
      await writeFile(join(draft, path), content, { mode, flush: true });
      // The umask may have removed bits: systemd reads the units as another user.
      await chmod(join(draft, path), mode);
    }
    // A data folder inside the new folder, the default, is made in the draft.
    const inDraft = (folder: string) =>
      folder.startsWith(`${dir}/`) ? join(draft as string, folder.slice(dir.length)) : folder;
    for (const name of ['repos', 'workers', 'releases']) await makeFolder(inDraft(join(config.dataDir, name)));
    await rename(draft, dir);
  } catch (error) {
    if (draft) await rm(draft, { recursive: true, force: true });
    throw writeError(dir, error as NodeJS.ErrnoException);
  }
}

/** @throws OrchestratorError CONFLICT if the folder is not empty */
export async function checkFree(dir: string): Promise<void> {
  const entries = await readdir(dir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw writeError(dir, error);
  });
  if (entries.length > 0) throw taken(dir, entries.includes('seed.json') && entries.includes('env'));
}

function taken(dir: string, isOurs: boolean): OrchestratorError {
  const next = [{ command: 'orchestrator system init --dir ANOTHER', when: 'to write a new one' }];
  if (!isOurs) {
    return new OrchestratorError('CONFLICT', `the folder ${dir} is not empty; nothing was changed`, { next });
  }
  const what = `${dir} is a system folder already; nothing was changed, and no key was made`;
  return new OrchestratorError('CONFLICT', what, {
    next: [
      { command: paste`cat ${join(dir, 'README.md')}`, when: 'to see how to use it, and how to renew a key' },
      ...next,
    ],
  });
}

function writeError(dir: string, error: NodeJS.ErrnoException): unknown {
  // Another process wrote it meanwhile.
  if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return taken(dir, true);
  if (error.code === undefined) return error;
  const where = `the folder ${dir} cannot be written (${error.code})`;
  const next = [{ command: 'orchestrator system init --dir DIR', when: 'with a path that you can write to' }];
  return new OrchestratorError('USAGE', where, { cause: error, next });
}

/** Variables for a systemd EnvironmentFile, `node --env-file` and a shell: all three read single quotes literally. */
function environmentFile(name: string, variables: Record<string, string>): string {
  const lines = Object.entries(variables).map(([variable, value]) => {
    if (/['\\\p{Cc}]/u.test(value)) {
      const what = `${variable} of ${name} contains a quote, a backslash or a control character`;
      throw new OrchestratorError('USAGE', `${what}: use another value, or %XX in an address`);
    }
    return `${variable}='${value}'`;
  });
  return `# The environment of ${name}. Contains secrets: only for its owner.\n${lines.join('\n')}\n`;
}

/** Replaces this release's folder in a path by the operator's release folder. */
function movedTo(release: string): (path: string) => string {
  return (path) => (path.startsWith(`${releaseFolder}/`) ? `${release}${path.slice(releaseFolder.length)}` : path);
}

/** Agents of the release, with paths in the operator's release folder, which may be a link that an upgrade moves. */
function inRelease(agents: StackConfig['agents'], release: string): StackConfig['agents'] {
  const entries = Object.entries(agents).map(([name, agent]) => [
    name,
    { ...agent, command: agent.command.map(movedTo(release)) },
  ]);
  return Object.fromEntries(entries);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Whether a folder contains the built services. */
export function holdsRelease(folder: string): Promise<boolean> {
  return stat(join(folder, 'services', 'api', 'dist', 'main.js')).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
