import { OrchestratorError } from '@codegen/sdk/errors';
import { configPath, putAside, readUserConfig, storeLogin } from '@codegen/sdk/profiles';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, type GlobalFlags } from '../../base-command.js';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import { type Identity, identify } from '../../operations/identify.js';
import { ask, askHidden, inputRequired } from '../../prompts.js';
import { readStdin } from '../../read-input.js';
import { renderIdentity } from '../../render/identity.js';
import type { Screen } from '../../render/screen.js';

/** Who is logged in now, and the file that says so. */
type LoggedIn = Identity & { stored_in: string };

/** Stores where the API is and the token for it. */
export default class AuthLogin extends BaseCommand<LoggedIn> {
  static override description =
    'The token comes from standard input or a hidden prompt, never from a flag. It is checked with the API and stored, ' +
    'readable by you alone, as the profile --profile names.\n' +
    'With Redis in reach, a task starts at once rather than a second later: give its URL, which holds a password, as ' +
    'ORCHESTRATOR_REDIS_URL or as a second line of standard input.';
  static override flags = {
    'token-stdin': Flags.boolean({ description: 'Read the token from standard input; a second line is the Redis URL' }),
    'keep-current': Flags.boolean({ description: 'Go on with the profile in use; this one takes --profile' }),
  };
  static override examples = [
    'orchestrator auth login --api-url https://orchestrator.example.com',
    'orchestrator auth login --api-url http://127.0.0.1:4000 --token-stdin < token.txt',
    'orchestrator auth login --api-url https://ci.example.com --profile ci --token-stdin --json < token.txt',
  ];
  static override failsWith = ['UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<LoggedIn> {
    const { flags } = await this.parse(AuthLogin);
    const { env, warnings, redactor } = this.runtime;
    const config = await readUserConfig(env, [], () => undefined);
    const profile = checkedName(flags.profile || env.ORCHESTRATOR_PROFILE || config.current_profile || DEFAULT_PROFILE);
    const apiUrl = await this.apiUrl(flags, config.profiles?.[profile]?.api_url);
    const { token, redisUrl } = await this.secrets(flags);
    redactor.add(token);
    redactor.add(redisUrl);
    const identity = await identify({ profile, apiUrl, token, redisUrl }, this.runtime);
    this.runtime.system.key = { scopes: identity.key.scopes, isAdmin: identity.key.role === 'admin' };
    if (apiUrl.startsWith('http://') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(apiUrl)) {
      warnings.push(`${apiUrl} is not encrypted: anyone on the way can read the token`);
    }
    const login = { profile, apiUrl, token, redisUrl, key: identity.key, keepCurrent: flags['keep-current'] };
    await storeLogin(env, login, putAside(warnings));
    return { ...identity, stored_in: configPath(env) };
  }

  render(identity: LoggedIn, screen: Screen): string {
    const stored = screen.paint.dim(`Stored in ${identity.stored_in}`);
    return `${renderIdentity(identity, screen)}\n${stored}\n${screen.paint.bold('Next:')} orchestrator project create NAME`;
  }

  private async apiUrl(flags: GlobalFlags, known: string | undefined): Promise<string> {
    const given = flags['api-url'] || this.runtime.env.ORCHESTRATOR_API_URL || known;
    if (given) return given;
    const input = { name: '--api-url', question: 'Address of the API:' };
    if (!this.mayPrompt(flags)) throw inputRequired([input]);
    return await ask(input, this.signal);
  }

  private async secrets(flags: GlobalFlags & { 'token-stdin'?: boolean }) {
    const redis = this.runtime.env.ORCHESTRATOR_REDIS_URL || undefined;
    if (flags['token-stdin']) {
      const [token = '', second] = (await readStdin(this.signal)).toString('utf8').split(/\r?\n/);
      if (token.trim() === '') throw new OrchestratorError('INPUT_REQUIRED', 'standard input holds no token');
      return { token: token.trim(), redisUrl: second?.trim() || redis };
    }
    if (!this.mayPrompt(flags)) throw inputRequired([{ name: '--token-stdin', question: '' }]);
    return { token: (await askHidden('Token:', this.signal)).trim(), redisUrl: redis };
  }
}

function checkedName(profile: string): string {
  if (/^[A-Za-z0-9][\w-]{0,63}$/.test(profile)) return profile;
  throw new OrchestratorError('VALIDATION_FAILED', 'a profile has a name of letters, digits, - and _');
}
