import { readUserConfig } from '@codegen/sdk/profiles';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { renderTable } from '../../kit/table.js';

/** A profile as it is shown: of its secrets, only whether there are any. */
interface ShownProfile {
  name: string;
  current: boolean;
  api_url: string;
  token: boolean;
  redis: boolean;
  project: string | null;
  /** Of a system that runs on this machine. */
  data_dir: string | null;
}

export default defineCommand({
  id: 'config.profiles',
  summary: 'List the stored profiles',
  effect: 'read',
  notInMcp: 'is about the configuration of this machine',
  description: 'A profile is one system: its address, the token for it, perhaps its Redis and a project.',
  examples: ['orchestrator config profiles', 'orchestrator config profiles --json'],

  async run(input, context): Promise<{ items: ShownProfile[] }> {
    const { env, warnings } = context.runtime;
    const { profiles = {}, current_profile } = await readUserConfig(env, warnings);
    const current = input.profile || env.ORCHESTRATOR_PROFILE || current_profile || DEFAULT_PROFILE;
    const items = Object.entries(profiles).map(([name, { api_url, token, redis_url, project, data_dir }]) => ({
      ...{ name, current: name === current, api_url },
      ...{ token: token !== undefined, redis: redis_url !== undefined, project: project ?? null },
      data_dir: data_dir ?? null,
    }));
    return { items };
  },

  render({ items }: { items: ShownProfile[] }, screen: Screen): string {
    if (items.length === 0) return screen.paint.dim('No profiles. Next: orchestrator auth login');
    const columns = [
      { title: '', value: ({ current }: ShownProfile) => (current ? '*' : ' ') },
      { title: 'PROFILE', value: ({ name }: ShownProfile) => name, whole: true },
      { title: 'API', value: ({ api_url }: ShownProfile) => api_url, whole: true },
      { title: 'TOKEN', value: ({ token }: ShownProfile) => (token ? 'stored' : 'none') },
      { title: 'REDIS', value: ({ redis }: ShownProfile) => (redis ? 'stored' : 'none') },
      { title: 'PROJECT', value: ({ project }: ShownProfile) => project ?? '', whole: true },
      { title: 'FOLDER', value: ({ data_dir }: ShownProfile) => data_dir ?? '' },
    ];
    return renderTable(items, columns, screen);
  },
});
