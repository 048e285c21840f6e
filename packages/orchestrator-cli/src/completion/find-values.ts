import { createHash } from 'node:crypto';
import { lstat, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type CallOptions, Orchestrator } from '@codegen/sdk';
import { homeFolder, makeFolder, readRegularFile, writeFileBelow } from '@codegen/sdk/files';
import { readUserConfig } from '@codegen/sdk/profiles';
import type { CommandId } from '../command-table.js';
import type { Settings } from '../config/settings.js';
import type { Runtime } from '../kit/runtime.js';
import type { Use } from '../operations/usable.js';

/** Something that may be typed, and what it is. */
export interface KnownItem {
  value: string;
  description: string;
}

/** Whoever presses Tab waits no longer than this for the system. */
const PATIENCE_MS = 600;
/** For so long an answer serves again; also that there was none, so that only the first Tab waits for an API that is slow. */
const FRESH_MS = 5000;
const page = { limit: 100 };

/** What this machine knows. */
const local: Record<string, (env: NodeJS.ProcessEnv) => Promise<KnownItem[]>> = {
  profile: async (env) => {
    const { profiles = {} } = await readUserConfig(env);
    return Object.entries(profiles).map(([value, { api_url }]) => ({ value, description: api_url }));
  },
  model: async () => {
    const { schemaNames } = await import('../operations/published-contracts.js');
    return (await schemaNames()).map((value) => ({ value, description: 'model' }));
  },
  queue: async () => {
    const { queues } = await import('@codegen/contracts');
    const names = queues.map(({ stream }) => stream).filter((stream) => !stream.includes('{'));
    return names.map((value) => ({ value, description: 'queue' }));
  },
};

interface Remote {
  /** The command that lists them, which has to be allowed. */
  list: CommandId;
  find(client: Orchestrator, call: CallOptions): Promise<KnownItem[]>;
}

/** What the system knows. */
const remote: Record<string, Remote> = {
  project: {
    list: 'project.list',
    find: async ({ projects }, call) => {
      const { items } = await projects.page(page, call);
      return items.map(({ name, status }) => ({ value: name, description: status }));
    },
  },
  task: {
    list: 'task.list',
    find: async ({ tasks }, call) => {
      const { items } = await tasks.page(page, call);
      return items.map(({ id, type, status }) => ({ value: id, description: `${type} ${status}` }));
    },
  },
  worker: {
    list: 'worker.list',
    find: async ({ workers }, call) => {
      const items = await workers.list(call);
      return items.map(({ worker_id, name, status }) => ({ value: worker_id, description: `${name} ${status}` }));
    },
  },
  key: {
    list: 'auth.key.list',
    find: async ({ keys }, call) => {
      const { items } = await keys.page({ ...page, state: 'valid' }, call);
      return items.map(({ id, name }) => ({ value: id, description: name }));
    },
  },
  user: {
    list: 'user.list',
    find: async ({ users }, call) => {
      const { items } = await users.page(page, call);
      return items.map(({ id, name }) => ({ value: id, description: name ?? '' }));
    },
  },
};

/** What there is of a kind, such as `project`, newest first; nothing where that is unknown, or cannot be told in time. */
export async function findValues(what: string, { settings, may }: Use, runtime: Runtime): Promise<KnownItem[]> {
  if (Object.hasOwn(local, what)) return (await local[what]?.(runtime.env).catch(() => [])) ?? [];
  const source = Object.hasOwn(remote, what) ? remote[what] : undefined;
  if (!source || !settings || !may(source.list)) return [];
  const { apiUrl, token, redisUrl, sources } = settings;
  // Nobody has entered the line yet: the token goes to no address that is only typed.
  if (sources.api_url?.kind === 'flag' && sources.token?.kind === 'environment') return [];
  return await remembered(what, settings, runtime.env, async () => {
    const client = new Orchestrator({ apiUrl, token, redisUrl, retry: { attempts: 1 }, timeoutMs: PATIENCE_MS });
    const signal = AbortSignal.any([runtime.signal, AbortSignal.timeout(PATIENCE_MS)]);
    return await source.find(client, { signal });
  });
}

/** The answer of a moment ago, of the same login; else a new one. Nothing where it fails. */
async function remembered(
  what: string,
  { apiUrl, token, redisUrl }: Settings,
  env: NodeJS.ProcessEnv,
  find: () => Promise<KnownItem[]>,
): Promise<KnownItem[]> {
  // A hash of the token, which nobody can guess, tells nothing; that of a password alone might.
  const folder = token === undefined ? undefined : cacheFolder(env);
  if (folder === undefined) return await find().catch(() => []);
  const login = createHash('sha256')
    .update(JSON.stringify([apiUrl, token, redisUrl]))
    .digest('hex');
  const file = `${what}.json`;
  const stored = await requireOwn(folder)
    .then(() => read(join(folder, file)))
    .catch(() => undefined);
  if (stored?.login === login) return stored.items;
  const items = await find().catch(() => []);
  await makeFolder(folder)
    .then(() => requireOwn(folder))
    .then(() => writeFileBelow(folder, file, JSON.stringify({ login, items }), { mode: 0o600, replaces: 'anything' }))
    .catch(() => undefined);
  return items;
}

async function read(path: string): Promise<{ login: string; items: KnownItem[] } | undefined> {
  const ageMs = Date.now() - (await stat(path)).mtimeMs;
  if (ageMs < 0 || ageMs > FRESH_MS) return undefined;
  const bytes = await readRegularFile(path, { mostBytes: 1024 * 1024, name: path });
  return bytes && (JSON.parse(bytes.toString()) as { login: string; items: KnownItem[] });
}

/** @throws where another account may write to the folder */
async function requireOwn(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${folder} is not this account's alone`);
}

/** Where the user's caches are: XDG_CACHE_HOME, else `.cache` at home. */
function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const home = homeFolder(env);
  const caches = (isAbsolute(env.XDG_CACHE_HOME ?? '') && env.XDG_CACHE_HOME) || (home && join(home, '.cache'));
  return caches && join(caches, 'orchestrator', 'completion');
}
