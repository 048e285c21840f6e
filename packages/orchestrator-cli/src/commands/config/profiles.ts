import { readUserConfig } from '@codegen/sdk/profiles';
import { BaseCommand } from '../../base-command.js';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import type { Screen } from '../../render/screen.js';
import { renderTable } from '../../render/table.js';

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

/** Lists the stored profiles. */
export default class ConfigProfiles extends BaseCommand<{ items: ShownProfile[] }> {
  static override description =
    'A profile is one system: its address, the token for it, perhaps its Redis and a project.';
  static override examples = ['orchestrator config profiles', 'orchestrator config profiles --json'];

  async run(): Promise<{ items: ShownProfile[] }> {
    const { flags } = await this.parse(ConfigProfiles);
    const { env, warnings } = this.runtime;
    const { profiles = {}, current_profile } = await readUserConfig(env, warnings);
    const current = flags.profile || env.ORCHESTRATOR_PROFILE || current_profile || DEFAULT_PROFILE;
    const items = Object.entries(profiles).map(([name, { api_url, token, redis_url, project, data_dir }]) => ({
      ...{ name, current: name === current, api_url },
      ...{ token: token !== undefined, redis: redis_url !== undefined, project: project ?? null },
      data_dir: data_dir ?? null,
    }));
    return { items };
  }

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
  }
}
