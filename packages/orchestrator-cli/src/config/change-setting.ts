import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { changeUserConfig, type Profile, type UserConfig } from '@codegen/sdk/profiles';
import { nearest } from '../kit/nearest.js';
import { DEFAULT_PROFILE, noProfile } from './settings.js';

/** What `config set` stores: the profile in use, and what a profile says. */
export const storedKeys = ['current_profile', 'api_url', 'redis_url', 'project'] as const;
export type StoredKey = (typeof storedKeys)[number];

/** The error for a name that is none of these, with the nearest of them first. */
export function unknownSetting(name: string, known: readonly string[]): OrchestratorError {
  const close = nearest(name, known);
  return new OrchestratorError('USAGE', 'there is no such setting', {
    choices: [...close, ...known.filter((one) => !close.includes(one))],
    next: [{ command: 'orchestrator config list', when: 'to see every setting' }],
  });
}

/**
 * Stores a setting of a profile, the current one unless `profile` names another; undefined forgets it.
 * @throws OrchestratorError USAGE for a value that does not fit, NOT_CONFIGURED for a profile that does not exist,
 * CONFLICT for an address that the profile's token is not for
 */
export async function changeSetting(
  env: NodeJS.ProcessEnv,
  key: StoredKey,
  value: string | undefined,
  profile: string | undefined,
): Promise<{ profile: string }> {
  if (value !== undefined) await checkValue(key, value);
  let changed = '';
  await changeUserConfig(env, (config) => {
    changed = profile ?? config.current_profile ?? DEFAULT_PROFILE;
    return key === 'current_profile' ? choose(config, value) : change(config, changed, key, value);
  });
  return { profile: key === 'current_profile' ? (value ?? DEFAULT_PROFILE) : changed };
}

function choose({ current_profile: _, ...config }: UserConfig, name: string | undefined): UserConfig {
  if (name === undefined) return config;
  if (!Object.hasOwn(config.profiles ?? {}, name)) throw noProfile(name, Object.keys(config.profiles ?? {}));
  return { ...config, current_profile: name };
}

function change(config: UserConfig, name: string, key: keyof Profile, value: string | undefined): UserConfig {
  const profiles = config.profiles ?? {};
  const before = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const { [key]: _, ...rest }: Partial<Profile> = before ?? {};
  const after: Partial<Profile> = { ...rest, ...(value !== undefined && { [key]: value }) };
  if (after.api_url === undefined) {
    throw key === 'api_url' && before
      ? new OrchestratorError('USAGE', 'a profile has an address: forget all of it with auth logout', {
          next: [{ command: paste`orchestrator auth logout --profile ${name}`, when: 'to forget the profile' }],
        })
      : noProfile(name, Object.keys(profiles));
  }
  if (before?.token && !sameOrigin(before.api_url, after.api_url)) {
    throw new OrchestratorError('CONFLICT', `the token of profile ${name} is for ${before.api_url} alone`, {
      next: [
        {
          command: paste`orchestrator auth login --profile ${name} --api-url ${value ?? 'URL'}`,
          when: 'to log in there',
        },
      ],
    });
  }
  return { ...config, profiles: { ...profiles, [name]: after as Profile } };
}

function sameOrigin(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}

async function checkValue(key: StoredKey, value: string): Promise<void> {
  if (key === 'current_profile') return;
  if (key === 'project') {
    const { identifier } = await import('@codegen/contracts');
    if (identifier.safeParse(value).success) return;
    throw new OrchestratorError('USAGE', 'project takes the name or id of a project');
  }
  const { Orchestrator } = await import('@codegen/sdk');
  try {
    // The client refuses an address that it could not use.
    new Orchestrator(key === 'api_url' ? { apiUrl: value } : { redisUrl: value });
  } catch (cause) {
    // Not a configuration that lacks something: what was just typed does not fit.
    throw new OrchestratorError('USAGE', (cause as Error).message, { cause });
  }
}
