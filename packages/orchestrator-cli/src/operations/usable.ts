import type { CommandId } from '../command-table.js';
import { readSettings, type SettingFlags, type Settings } from '../config/settings.js';
import type { Runtime } from '../kit/runtime.js';
import { isAllowed, keyMay } from '../permissions.js';

/** What a command line may use, by the settings that it names. */
export interface Use {
  /** None where the configuration cannot be read. */
  settings: Settings | undefined;
  /** Whether ALLOWED_COMMANDS and the stored key allow a command. */
  may(id: CommandId): boolean;
}

/**
 * What a command line may use. Help and completion are there whatever the configuration is like, so one that cannot be read
 * holds nothing back.
 */
export async function readUse(argv: readonly string[], { env }: Pick<Runtime, 'env'>): Promise<Use> {
  const settings = await readSettings(systemFlags(argv), env, undefined, []).catch(() => undefined);
  return { settings, may: (id) => isAllowed(id, env) && keyMay(id, settings?.key) };
}

/** The flags of a command line that say which system it is for. */
function systemFlags(argv: readonly string[]): SettingFlags {
  const given = (flag: string) => {
    const [, value] = /=(.*)/s.exec(argv.find((word) => word.startsWith(`${flag}=`)) ?? '') ?? [];
    return value ?? (argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined);
  };
  return { profile: given('--profile'), api_url: given('--api-url') };
}
