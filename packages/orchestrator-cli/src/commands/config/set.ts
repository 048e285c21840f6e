import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { configPath } from '@codegen/sdk/profiles';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, type GlobalFlags } from '../../base-command.js';
import { changeSetting, type StoredKey, storedKeys, unknownSetting } from '../../config/change-setting.js';
import { absent, askHidden, inputRequired } from '../../prompts.js';
import { readStdin } from '../../read-input.js';
import type { Screen } from '../../render/screen.js';

/** What was stored, or forgotten. */
interface ChangedSetting {
  name: StoredKey;
  profile: string;
  stored: boolean;
}

/** Stores a setting. */
export default class ConfigSet extends BaseCommand<ChangedSetting> {
  static override description =
    'Settings are current_profile and, of a profile, api_url, redis_url and project. A Redis URL with a password is read ' +
    'from standard input (-) or a hidden prompt. A token is stored by auth login.';
  static override args = {
    name: Args.string({ description: `One of ${storedKeys.join(', ')}`, ignoreStdin: true }),
    value: Args.string({ description: 'Its value; - reads standard input', ignoreStdin: true }),
  };
  static override flags = { unset: Flags.boolean({ description: 'Forget the setting' }) };
  static override examples = [
    'orchestrator config set project todo-api',
    'orchestrator config set redis_url - < redis-url.txt',
    'orchestrator config set current_profile ci',
    'orchestrator config set project --unset',
  ];
  static override failsWith = ['NOT_CONFIGURED', 'CONFLICT'] as const;

  async run(): Promise<ChangedSetting> {
    const { args, flags } = await this.parse(ConfigSet);
    const { name } = args;
    if (name === undefined) {
      const value = absent(flags.unset ? {} : { VALUE: args.value });
      throw inputRequired([{ name: 'NAME', question: '', choices: storedKeys }, ...value]);
    }
    if (name === 'token') throw tokenByLogin(flags.profile);
    if (!isStoredKey(name)) throw unknownSetting(name, storedKeys);
    if (flags.unset && args.value !== undefined) throw new OrchestratorError('USAGE', '--unset takes no value');
    const value = flags.unset ? undefined : await this.value(name, args.value, flags);
    const { env } = this.runtime;
    const { profile } = await changeSetting(env, name, value, flags.profile || env.ORCHESTRATOR_PROFILE || undefined);
    return { name, profile, stored: value !== undefined };
  }

  render({ name, profile, stored }: ChangedSetting, { paint }: Screen): string {
    const where =
      name === 'current_profile' ? `is ${profile}` : `of profile ${profile} is ${stored ? 'stored' : 'forgotten'}`;
    return `${name} ${where}.\n${paint.dim(`In ${configPath(this.runtime.env)}`)}`;
  }

  private async value(name: StoredKey, given: string | undefined, flags: GlobalFlags): Promise<string> {
    const { redactor } = this.runtime;
    if (name === 'redis_url') {
      redactor.add(given);
      if (given && URL.canParse(given) && new URL(given).password !== '') throw passwordInArguments();
    }
    if (given !== undefined && given !== '-') return given;
    const mayAsk = given === undefined && name === 'redis_url' && this.mayPrompt(flags);
    if (given === undefined && !mayAsk) throw inputRequired([{ name: 'VALUE', question: '' }]);
    const text = mayAsk ? await askHidden('Redis URL:', this.signal) : (await readStdin(this.signal)).toString('utf8');
    if (name === 'redis_url') redactor.add(text.trim());
    if (text.trim() === '') throw new OrchestratorError('INPUT_REQUIRED', 'standard input is empty');
    return text.trim();
  }
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
