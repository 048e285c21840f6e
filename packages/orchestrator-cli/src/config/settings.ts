import { OrchestratorError } from '@codegen/sdk/errors';
import { readProjectFile } from './project-file.js';
import { type Profile, readUserConfig } from './user-config.js';

/** Flags that override settings. */
export interface SettingFlags {
  profile?: string | undefined;
  'api-url'?: string | undefined;
  project?: string | undefined;
}

/** What a command runs with. flag > environment > project file > user configuration > default. */
export interface Settings {
  profile: string;
  apiUrl?: string;
  token?: string;
  tokenFrom?: 'environment' | 'profile';
  redisUrl?: string;
  project?: string;
}

export const DEFAULT_PROFILE = 'default';

/**
 * Gathers the settings.
 * @throws OrchestratorError NOT_CONFIGURED for a profile that does not exist; USAGE for broken files
 */
export async function readSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv,
  cwd: string,
  warnings: string[],
): Promise<Settings> {
  const config = await readUserConfig(env, warnings);
  const named = flags.profile ?? given(env.ORCHESTRATOR_PROFILE);
  const profile = named ?? config.current_profile ?? DEFAULT_PROFILE;
  const profiles = config.profiles ?? {};
  const stored = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  const apiUrl = flags['api-url'] ?? given(env.ORCHESTRATOR_API_URL) ?? stored?.api_url;
  if (named !== undefined && !stored && given(env.ORCHESTRATOR_TOKEN) === undefined) {
    const choices = Object.keys(profiles);
    throw new OrchestratorError('NOT_CONFIGURED', `there is no profile ${JSON.stringify(named)}`, {
      ...(choices.length > 0 && { choices }),
      next: [{ command: `orchestrator auth login --profile ${named} --api-url URL`, when: 'to make that profile' }],
    });
  }
  const project = flags.project ?? given(env.ORCHESTRATOR_PROJECT) ?? (await readProjectFile(cwd, warnings))?.project;
  const token = given(env.ORCHESTRATOR_TOKEN);
  const redisUrl = given(env.ORCHESTRATOR_REDIS_URL);
  const belongs = stored !== undefined && sameOrigin(apiUrl, stored);
  return {
    profile,
    ...(apiUrl !== undefined && { apiUrl }),
    ...(token !== undefined
      ? { token, tokenFrom: 'environment' as const }
      : belongs && stored.token && { token: stored.token, tokenFrom: 'profile' as const }),
    ...(redisUrl !== undefined ? { redisUrl } : belongs && stored.redis_url && { redisUrl: stored.redis_url }),
    ...(project !== undefined && { project }),
  };
}

/** A stored token goes to the address it was stored for, and to no other that a flag or variable names. */
function sameOrigin(apiUrl: string | undefined, stored: Profile): boolean {
  if (apiUrl === undefined || !URL.canParse(apiUrl) || !URL.canParse(stored.api_url)) return apiUrl === stored.api_url;
  return new URL(apiUrl).origin === new URL(stored.api_url).origin;
}

/** A variable that is set but empty is as good as none. */
function given(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
