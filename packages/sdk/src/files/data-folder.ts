import { join, resolve } from 'node:path';
import { homeFolder } from './home-folder.js';

/**
 * Where a system that runs on this machine keeps its data: flag, then ORCHESTRATOR_DATA_DIR, then the XDG data home;
 * undefined where nothing says so and this account has no home.
 */
export function dataFolderPath(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const named = flag ?? (env.ORCHESTRATOR_DATA_DIR || undefined);
  if (named !== undefined) return resolve(named);
  const home = homeFolder(env);
  const data = env.XDG_DATA_HOME || (home && join(home, '.local', 'share'));
  return data ? resolve(data, 'codegen-orchestrator') : undefined;
}
