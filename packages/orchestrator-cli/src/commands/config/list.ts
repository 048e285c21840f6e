import { configPath } from '@codegen/sdk/profiles';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { renderTable } from '../../kit/table.js';
import { listSettings, type ShownSetting } from '../../operations/list-settings.js';

/** Settings, and the file of the user's own. */
interface ListedSettings {
  file: string;
  settings: ShownSetting[];
}

export default defineCommand({
  id: 'config.list',
  summary: 'Show every setting, and where it comes from',
  effect: 'read',
  notInMcp: 'is about the configuration of this machine',
  description:
    'What a command would run with here. A flag goes before the environment, that before the .orchestrator.json of a ' +
    'folder, that before the configuration of the user. Secrets are not shown.',
  examples: ['orchestrator config list', 'orchestrator config list --profile ci --json'],
  failsWith: ['NOT_CONFIGURED'],

  async run(_input, context): Promise<ListedSettings> {
    return { file: configPath(context.runtime.env), settings: listSettings(await context.settings()) };
  },

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
  },
});
