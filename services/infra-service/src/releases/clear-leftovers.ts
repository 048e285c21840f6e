import { endTree, isSameProcess, type ProcessIdentity } from '@codegen/sdk/processes';
import type { Logger } from '@codegen/sdk/queue';
import { GIVE_UP_MS, MARKER } from './marked-process.js';
import { listProjects, ProjectFolders } from './release-folders.js';
import { readReleaseState } from './release-state.js';

/**
 * Ends what a killed service left running from this folder, and removes what it left half made. Processes are known by
 * their marker, or as the recorded ones by pid and start time. What cannot be cleared is told, and keeps no other project
 * from running.
 */
export async function clearLeftovers(
  releasesDir: string,
  isOurs: (marker: string) => boolean,
  graceMs: number,
  logger: Logger,
): Promise<void> {
  const leaders: ProcessIdentity[] = [];
  for (const projectId of await listProjects(releasesDir)) {
    const folders = new ProjectFolders(releasesDir, projectId);
    await folders.sweep().catch((error: unknown) => {
      logger.error({ project_id: projectId, error: String(error) }, 'what was left half made cannot be removed');
    });
    // A state that cannot be read is reported where the release is to run again.
    const state = await readReleaseState(folders.stateFile).catch(() => undefined);
    if (!state) continue;
    const leader = { pid: state.pid, startTime: state.process_start_time, bootId: state.boot_id };
    // After a crash a pid alone proves nothing.
    if (leader.startTime !== '' && isSameProcess(leader)) leaders.push(leader);
  }
  await endTree({ leaders, markers: { [MARKER]: isOurs } }, { graceMs, giveUpMs: GIVE_UP_MS }).catch((error: unknown) =>
    logger.error({ error: String(error) }, 'releases of an earlier start still run'),
  );
}
