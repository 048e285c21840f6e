import type { CommandId } from '../command-table.js';
import { readSettings } from '../config/settings.js';
import { isAllowed, keyMay } from '../permissions.js';
import type { Runtime } from '../runtime.js';

/**
 * Which commands ALLOWED_COMMANDS and the stored key allow; all of them for `--all`. Help is there whatever the
 * configuration is like, so one that cannot be read holds nothing back.
 */
export async function usable(
  argv: readonly string[],
  { env }: Pick<Runtime, 'env'>,
): Promise<(id: CommandId) => boolean> {
  if (argv.includes('--all')) return () => true;
  const named = argv.indexOf('--profile');
  const profile = named < 0 ? undefined : argv[named + 1];
  const settings = await readSettings({ profile }, env, undefined, []).catch(() => undefined);
  return (id) => isAllowed(id, env) && keyMay(id, settings?.key);
}
