import { configPath } from '@codegen/sdk/profiles';
import { BaseCommand } from '../../base-command.js';
import { listSettings, type ShownSetting } from '../../operations/list-settings.js';
import type { Screen } from '../../render/screen.js';
import { renderTable } from '../../render/table.js';

/** Settings, and the file of the user's own. */
interface ListedSettings {
  file: string;
  settings: ShownSetting[];
}

/** Shows every setting and where it comes from. */
export default class ConfigList extends BaseCommand<ListedSettings> {
  static override description =
    'What a command would run with here. A flag goes before the environment, that before the .orchestrator.json of a ' +
    'folder, that before the configuration of the user. Secrets are not shown.';
  static override examples = ['orchestrator config list', 'orchestrator config list --profile ci --json'];
  static override failsWith = ['NOT_CONFIGURED'] as const;

  async run(): Promise<ListedSettings> {
    const { flags } = await this.parse(ConfigList);
    return { file: configPath(this.runtime.env), settings: listSettings(await this.settings(flags)) };
  }

  render({ file, settings }: ListedSettings, screen: Screen): string {
    const columns = [
      { title: 'SETTING', value: ({ name }: ShownSetting) => name },
      { title: 'VALUE', value: ({ value }: ShownSetting) => value ?? '', whole: true },
      {
        title: 'FROM',
        value: ({ source, from }: ShownSetting) => (source === 'default' ? source : (from ?? 'not set')),
      },
    ];
    return `${renderTable(settings, columns, screen)}\n${screen.paint.dim(`Yours are in ${file}`)}`;
  }
}
