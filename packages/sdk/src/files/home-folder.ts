import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The home of this account; undefined without HOME and passwd entry, as for an arbitrary uid in a container. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  try {
    return env.HOME || homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The data folder of a system on this machine: the flag, then ORCHESTRATOR_DATA_DIR, then the XDG data home; undefined if
 * none is set and this account has no home.
 */
export function dataFolderPath(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const named = flag ?? (env.ORCHESTRATOR_DATA_DIR || undefined);
  if (named !== undefined) return resolve(named);
  const home = homeFolder(env);
  const data = env.XDG_DATA_HOME || (home && join(home, '.local', 'share'));
  return data ? resolve(data, 'codegen-orchestrator') : undefined;
}
