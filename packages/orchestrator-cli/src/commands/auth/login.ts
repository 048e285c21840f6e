import { OrchestratorError } from '@codegen/sdk/errors';
import { configPath, putAside, readUserConfig, storeLogin } from '@codegen/sdk/profiles';
import { z } from 'zod';
import { DEFAULT_PROFILE } from '../../config/settings.js';
import { readStdin } from '../../input/files.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { askHidden, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { type Identity, identify } from '../../operations/identify.js';
import { renderIdentity } from '../../render/identity.js';

/** Who is logged in now, and the file that says so. */
type LoggedIn = Identity & { stored_in: string };

export default defineCommand({
  id: 'auth.login',
  summary: 'Store where the API is and the token for it',
  effect: 'change',
  notInMcp: 'takes a token from a person',
  description:
    'The token comes from standard input or a hidden prompt, never from a flag. It is checked with the API and stored, ' +
    'readable by you alone, as the profile --profile names.\n' +
    'With Redis in reach, a task starts at once rather than a second later: give its URL, which holds a password, as ' +
    'ORCHESTRATOR_REDIS_URL or as a second line of standard input.',
  input: () =>
    z.object({
      token_stdin: z
        .boolean()
        .optional()
        .meta({ description: 'Read the token from standard input; a second line is the Redis URL' }),
      keep_current: z
        .boolean()
        .optional()
        .meta({ description: 'Go on with the profile in use; this one takes --profile' }),
    }),
  examples: [
    'orchestrator auth login --api-url https://orchestrator.example.com',
    'orchestrator auth login --api-url http://127.0.0.1:4000 --token-stdin < token.txt',
    'orchestrator auth login --api-url https://ci.example.com --profile ci --token-stdin --json < token.txt',
  ],
  failsWith: ['UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<LoggedIn> {
    const { env, warnings, redactor } = context.runtime;
    const config = await readUserConfig(env, [], () => undefined);
    const profile = checkedName(input.profile || env.ORCHESTRATOR_PROFILE || config.current_profile || DEFAULT_PROFILE);
    const known = env.ORCHESTRATOR_API_URL || config.profiles?.[profile]?.api_url;
    const apiUrl =
      input.api_url || known || (await context.ask({ name: '--api-url', question: 'Address of the API:' }));
    const { token, redisUrl } = await secrets(context, input.token_stdin);
    redactor.add(token);
    redactor.add(redisUrl);
    const identity = await identify({ profile, apiUrl, token, redisUrl }, context.runtime);
    context.runtime.system.key = { scopes: identity.key.scopes, isAdmin: identity.key.role === 'admin' };
    if (apiUrl.startsWith('http://') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(apiUrl)) {
      warnings.push(`${apiUrl} is not encrypted: anyone on the way can read the token`);
    }
    const login = { profile, apiUrl, token, redisUrl, key: identity.key, keepCurrent: input.keep_current };
    await storeLogin(env, login, putAside(warnings));
    return { ...identity, stored_in: configPath(env) };
  },

  render(identity: LoggedIn, screen: Screen): string {
    const stored = screen.paint.dim(`Stored in ${identity.stored_in}`);
    return `${renderIdentity(identity, screen)}\n${stored}\n${screen.paint.bold('Next:')} orchestrator project create NAME`;
  },
});

async function secrets(context: Context, fromStdin: boolean | undefined) {
  const redis = context.runtime.env.ORCHESTRATOR_REDIS_URL || undefined;
  if (fromStdin) {
    const [token = '', second] = (await readStdin(context.signal)).toString('utf8').split(/\r?\n/);
    if (token.trim() === '') throw new OrchestratorError('INPUT_REQUIRED', 'standard input holds no token');
    return { token: token.trim(), redisUrl: second?.trim() || redis };
  }
  if (!context.mayPrompt) throw inputRequired([{ name: '--token-stdin', question: '' }]);
  return { token: (await askHidden('Token:', context.signal)).trim(), redisUrl: redis };
}

function checkedName(profile: string): string {
  if (/^[A-Za-z0-9][\w-]{0,63}$/.test(profile)) return profile;
  throw new OrchestratorError('VALIDATION_FAILED', 'a profile has a name of letters, digits, - and _');
}
