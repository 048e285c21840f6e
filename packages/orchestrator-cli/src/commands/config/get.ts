import { z } from 'zod';
import { unknownSetting } from '../../config/change-setting.js';
import { settingNames } from '../../config/settings.js';
import { defineCommand } from '../../kit/define-command.js';
import { inputRequired } from '../../kit/prompts.js';
import { oneLine } from '../../kit/text.js';
import { listSettings, type ShownSetting } from '../../operations/list-settings.js';

export default defineCommand({
  id: 'config.get',
  summary: 'Print a setting',
  effect: 'read',
  notInMcp: 'is about the configuration of this machine',
  description: 'The value that a command would run with here; nothing where there is none.',
  input: () =>
    z.object({
      name: z
        .string()
        .optional()
        .meta({ positional: true, description: `One of ${settingNames.join(', ')}` }),
    }),
  examples: ['orchestrator config get project', 'orchestrator config get api_url --profile ci --json'],
  failsWith: ['NOT_CONFIGURED'],

  async run(input, context): Promise<ShownSetting> {
    const { name } = input;
    if (name === undefined) throw inputRequired([{ name: 'NAME', question: '', choices: settingNames }]);
    const found = listSettings(await context.settings()).find((setting) => setting.name === name);
    if (!found) throw unknownSetting(name, settingNames);
    return found;
  },

  render({ value }: ShownSetting): string {
    return oneLine(value ?? '');
  },
});
