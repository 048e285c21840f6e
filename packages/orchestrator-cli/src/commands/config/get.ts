import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { unknownSetting } from '../../config/change-setting.js';
import { settingNames } from '../../config/settings.js';
import { listSettings, type ShownSetting } from '../../operations/list-settings.js';
import { inputRequired } from '../../prompts.js';
import { oneLine } from '../../render/text.js';

/** Prints a setting. */
export default class ConfigGet extends BaseCommand<ShownSetting> {
  static override description = 'The value that a command would run with here; nothing where there is none.';
  static override args = {
    name: Args.string({ description: `One of ${settingNames.join(', ')}`, ignoreStdin: true }),
  };
  static override examples = ['orchestrator config get project', 'orchestrator config get api_url --profile ci --json'];
  static override failsWith = ['NOT_CONFIGURED'] as const;

  async run(): Promise<ShownSetting> {
    const { args, flags } = await this.parse(ConfigGet);
    const { name } = args;
    if (name === undefined) throw inputRequired([{ name: 'NAME', question: '', choices: settingNames }]);
    const found = listSettings(await this.settings(flags)).find((setting) => setting.name === name);
    if (!found) throw unknownSetting(name, settingNames);
    return found;
  }

  render({ value }: ShownSetting): string {
    return oneLine(value ?? '');
  }
}
