import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { type Profile, readUserConfig } from '@codegen/sdk/profiles';
import { flagOf } from '../kit/field.js';
import type { KeyPermissions } from '../permissions.js';
import { readProjectFile } from './project-file.js';

/** Flags that override settings. */
export interface SettingFlags {
  profile?: string | undefined;
  api_url?: string | undefined;
  project?: string | undefined;
}

export const settingNames = ['profile', 'api_url', 'token', 'redis_url', 'project'] as const;
export type SettingName = (typeof settingNames)[number];

/** Where a setting comes from: what kind of place, and its name there. */
export interface Source {
  kind: 'flag' | 'environment' | 'project file' | 'user config' | 'default';
  name: string;
}

/** What a command runs with. flag > environment > project file > user configuration > default. */
export interface Settings {
  profile: string;
  apiUrl?: string;
  token?: string;
  redisUrl?: string;
  project?: string;
  /** The data folder of the system, where it runs on this machine. */
  dataDir?: string;
  /** What the token may do; undefined where nothing is known, or it may do everything. */
  key?: KeyPermissions;
  /** A stored profile of an administrator of the same system, where the one in use is another. */
  adminProfile?: string;
  /** Of every setting that there is. */
  sources: Partial<Record<SettingName, Source>>;
}

export const DEFAULT_PROFILE = 'default';

/**
 * Gathers the settings.
 * @throws OrchestratorError NOT_CONFIGURED for a profile that does not exist; USAGE for broken files
 */
export async function readSettings(
  flags: SettingFlags,
  env: NodeJS.ProcessEnv,
  cwd: string | undefined,
  warnings: string[],
): Promise<Settings> {
  const config = await readUserConfig(env, warnings);
  const variable = (name: string): Candidate => [given(env[name]), { kind: 'environment', name }];
  const flag = (name: keyof SettingFlags): Candidate => [flags[name], { kind: 'flag', name: flagOf(name) }];
  const profile = first([
    flag('profile'),
    variable('ORCHESTRATOR_PROFILE'),
    [config.current_profile, { kind: 'user config', name: 'current_profile' }],
    [DEFAULT_PROFILE, { kind: 'default', name: DEFAULT_PROFILE }],
  ]);
  const name = profile.value as string;
  const profiles = config.profiles ?? {};
  const stored = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const isNamed = profile.source?.kind === 'flag' || profile.source?.kind === 'environment';
  if (isNamed && !stored && given(env.ORCHESTRATOR_TOKEN) === undefined) throw noProfile(name, Object.keys(profiles));
  const inProfile = (value: string | undefined): Candidate => [value, { kind: 'user config', name: `profile ${name}` }];
  const apiUrl = first([flag('api_url'), variable('ORCHESTRATOR_API_URL'), inProfile(stored?.api_url)]);
  const own = stored !== undefined && sameOrigin(apiUrl.value, stored) ? stored : undefined;
  const file = cwd === undefined ? undefined : await readProjectFile(cwd, warnings);
  const found: Record<SettingName, Found> = {
    profile,
    api_url: apiUrl,
    token: first([variable('ORCHESTRATOR_TOKEN'), inProfile(own?.token)]),
    redis_url: first([variable('ORCHESTRATOR_REDIS_URL'), inProfile(own?.redis_url)]),
    project: first([
      flag('project'),
      variable('ORCHESTRATOR_PROJECT'),
      [file?.project, { kind: 'project file', name: file?.path ?? '' }],
      inProfile(own?.project),
    ]),
  };
  const { token, redis_url, project } = found;
  // A variable goes before any profile, so that naming another one would change nothing.
  const adminProfile = token.source?.kind === 'environment' ? undefined : adminOf(profiles, name, apiUrl.value);
  return {
    profile: name,
    ...(apiUrl.value !== undefined && { apiUrl: apiUrl.value }),
    ...(token.value !== undefined && { token: token.value }),
    ...(redis_url.value !== undefined && { redisUrl: redis_url.value }),
    ...(project.value !== undefined && { project: project.value }),
    ...(own?.data_dir !== undefined && { dataDir: own.data_dir }),
    ...(own?.scopes && token.value === own.token && { key: { scopes: own.scopes, isAdmin: own.admin === true } }),
    ...(adminProfile !== undefined && { adminProfile }),
    sources: Object.fromEntries(settingNames.flatMap((one) => (found[one].source ? [[one, found[one].source]] : []))),
  };
}

function adminOf(profiles: Record<string, Profile>, used: string, apiUrl: string | undefined): string | undefined {
  const others = Object.entries(profiles).filter(([name]) => name !== used);
  return others.find(([, other]) => other.admin && sameOrigin(apiUrl, other))?.[0];
}

/** The error for a profile that nobody has stored, with those that are. */
export function noProfile(name: string, choices: string[]): OrchestratorError {
  return new OrchestratorError('NOT_CONFIGURED', `there is no profile ${JSON.stringify(name)}`, {
    ...(choices.length > 0 && { choices }),
    next: [{ command: paste`orchestrator auth login --profile ${name} --api-url URL`, when: 'to make that profile' }],
  });
}

type Candidate = readonly [value: string | undefined, source: Source];

interface Found {
  value?: string;
  source?: Source;
}

/** The first candidate that has a value. */
function first(candidates: readonly Candidate[]): Found {
  const found = candidates.find(([value]) => value !== undefined);
  return found ? { value: found[0] as string, source: found[1] } : {};
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
