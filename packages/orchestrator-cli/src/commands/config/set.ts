import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { configPath } from '@codegen/sdk/profiles';
import { z } from 'zod';
import { changeSetting, type StoredKey, storedKeys, unknownSetting } from '../../config/change-setting.js';
import { readStdin } from '../../input/files.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { absent, askHidden, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';

/** What was stored, or forgotten. */
interface ChangedSetting {
  name: StoredKey;
  profile: string;
  stored: boolean;
}

export default defineCommand({
  id: 'config.set',
  summary: 'Store a setting, or forget it',
  effect: 'change',
  notInMcp: 'is about the configuration of this machine',
  description:
    'Settings are current_profile and, of a profile, api_url, redis_url and project. A Redis URL with a password is read ' +
    'from standard input (-) or a hidden prompt. A token is stored by auth login.',
  input: () =>
    z.object({
      name: z
        .string()
        .optional()
        .meta({ positional: true, description: `One of ${storedKeys.join(', ')}` }),
      value: z.string().optional().meta({ positional: true, description: 'Its value; - reads standard input' }),
      unset: z.boolean().optional().meta({ description: 'Forget the setting' }),
    }),
  examples: [
    'orchestrator config set project todo-api',
    'orchestrator config set redis_url - < redis-url.txt',
    'orchestrator config set current_profile ci',
    'orchestrator config set project --unset',
  ],
  failsWith: ['NOT_CONFIGURED', 'CONFLICT'],

  async run(input, context): Promise<ChangedSetting> {
    const { name } = input;
    if (name === undefined) {
      const value = absent(input.unset ? {} : { VALUE: input.value });
      throw inputRequired([{ name: 'NAME', question: '', choices: storedKeys }, ...value]);
    }
    if (name === 'token') throw tokenByLogin(input.profile);
    if (!isStoredKey(name)) throw unknownSetting(name, storedKeys);
    if (input.unset && input.value !== undefined) throw new OrchestratorError('USAGE', '--unset takes no value');
    const value = input.unset ? undefined : await readValue(context, name, input.value);
    const { env } = context.runtime;
    const { profile } = await changeSetting(env, name, value, input.profile || env.ORCHESTRATOR_PROFILE || undefined);
    return { name, profile, stored: value !== undefined };
  },

  render({ name, profile, stored }: ChangedSetting, { paint }: Screen, context): string {
    const where =
      name === 'current_profile' ? `is ${profile}` : `of profile ${profile} is ${stored ? 'stored' : 'forgotten'}`;
    return `${name} ${where}.\n${paint.dim(`In ${configPath(context.runtime.env)}`)}`;
  },
});

async function readValue(context: Context, name: StoredKey, given: string | undefined): Promise<string> {
  const { redactor } = context.runtime;
  if (name === 'redis_url') {
    redactor.add(given);
    if (given && URL.canParse(given) && new URL(given).password !== '') throw passwordInArguments();
  }
  if (given !== undefined && given !== '-') return given;
  const mayAsk = given === undefined && name === 'redis_url' && context.mayPrompt;
  if (given === undefined && !mayAsk) throw inputRequired([{ name: 'VALUE', question: '' }]);
  const text = mayAsk
    ? await askHidden('Redis URL:', context.signal)
    : (await readStdin(context.signal)).toString('utf8');
  if (name === 'redis_url') redactor.add(text.trim());
  if (text.trim() === '') throw new OrchestratorError('INPUT_REQUIRED', 'standard input is empty');
  return text.trim();
}

function isStoredKey(name: string): name is StoredKey {
  return (storedKeys as readonly string[]).includes(name);
}

function tokenByLogin(profile = 'default'): OrchestratorError {
  return new OrchestratorError('USAGE', 'a token is stored by auth login, which checks it first', {
    next: [
      { command: paste`orchestrator auth login --profile ${profile} --token-stdin < token.txt`, when: 'to store it' },
    ],
  });
}

function passwordInArguments(): OrchestratorError {
  return new OrchestratorError('USAGE', 'everybody here can read a command line, so a password may not stand in it', {
    next: [{ command: 'orchestrator config set redis_url - < redis-url.txt', when: 'to store it from a file' }],
  });
}
