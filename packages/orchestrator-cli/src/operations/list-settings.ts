import { REDACTED, Redactor } from '@codegen/sdk/text';
import { type SettingName, type Settings, type Source, settingNames } from '../config/settings.js';

/** A setting as it is shown: a secret is not. */
export interface ShownSetting {
  name: SettingName;
  /** null: not set */
  value: string | null;
  source: Source['kind'] | null;
  /** The flag, variable, file or profile. */
  from: string | null;
}

/** Every setting, with where it comes from. */
export function listSettings(settings: Settings): ShownSetting[] {
  const { profile, apiUrl, token, redisUrl, project } = settings;
  const values: Record<SettingName, string | undefined> = {
    profile,
    api_url: apiUrl,
    token: token && REDACTED,
    redis_url: redisUrl && new Redactor().clean(redisUrl),
    project,
  };
  return settingNames.map((name) => {
    const source = settings.sources[name];
    return { name, value: values[name] ?? null, source: source?.kind ?? null, from: source?.name ?? null };
  });
}
