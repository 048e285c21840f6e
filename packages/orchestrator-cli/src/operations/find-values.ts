import { readUserConfig } from '@codegen/sdk/profiles';
import type { KnownValue } from '../completion/grammar.js';
import type { Settings } from '../config/settings.js';
import { checkAllowed } from '../permissions.js';
import { oneLine } from '../render/text.js';
import type { Runtime } from '../runtime.js';

/** Something that may be typed, and what it is. */
export interface KnownItem {
  value: string;
  description: string;
}

/** Whoever presses Tab waits no longer than this for the API. */
const PATIENCE_MS = 600;
const MOST = 100;
/** Nothing that a shell would read as more than a word, whoever made the name. */
const WORD = /^[\w.:-]+$/;

/** What there is of a kind at the moment, newest first. @throws OrchestratorError where it cannot be told in time */
export async function findValues(
  what: KnownValue,
  settings: () => Promise<Settings>,
  runtime: Runtime,
): Promise<KnownItem[]> {
  const items = await finders[what](settings, runtime);
  return items
    .filter(({ value }) => WORD.test(value))
    .map(({ value, description }) => ({ value, description: oneLine(description) }));
}

type Finder = (settings: () => Promise<Settings>, runtime: Runtime) => Promise<KnownItem[]>;

const finders: Record<KnownValue, Finder> = {
  profile: async (_, { env }) => {
    const { profiles = {} } = await readUserConfig(env);
    return Object.entries(profiles).map(([value, { api_url }]) => ({ value, description: api_url }));
  },
  model: async () => {
    const { schemaNames } = await import('./published-contracts.js');
    return (await schemaNames()).map((value) => ({ value, description: 'model' }));
  },
  project: async (settings, runtime) => {
    checkAllowed('project.list', runtime.env);
    const { api, call } = await reach(settings, runtime);
    const { items } = await api.projects.page({ limit: MOST }, call);
    return items.map(({ name, status }) => ({ value: name, description: status }));
  },
  task: async (settings, runtime) => {
    checkAllowed('task.list', runtime.env);
    const { api, call } = await reach(settings, runtime);
    const { items } = await api.tasks.page({ limit: MOST }, call);
    return items.map(({ id, type, status }) => ({ value: id, description: `${type} ${status}` }));
  },
};

async function reach(settings: () => Promise<Settings>, { signal, onCall }: Runtime) {
  const { apiUrl, token } = await settings();
  if (apiUrl === undefined || token === undefined) throw new Error('nobody is logged in');
  const { createApi } = await import('@codegen/sdk/api');
  const api = createApi({ apiUrl, token, retry: { attempts: 1 }, timeoutMs: PATIENCE_MS, onCall });
  return { api, call: { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) } };
}
