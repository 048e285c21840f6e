import { homedir } from 'node:os';

/** The home of this account; undefined where it has none: no HOME, and no passwd entry, as with a container's own uid. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  try {
    return env.HOME || homedir() || undefined;
  } catch {
    return undefined;
  }
}
