import { bootId, readProcess } from './process-table.js';
import { findTree, terminateTree } from './process-tree.js';
import { listProjects, ProjectFolders } from './release-folders.js';
import { type ReleaseState, readReleaseState } from './release-state.js';

/**
 * Ends what a killed service left running from this folder, and removes what it left half made. Processes are known by
 * their marker, or as the recorded ones by pid and start time.
 */
export async function clearLeftovers(
  releasesDir: string,
  isOurs: (marker: string) => boolean,
  graceMs: number,
): Promise<void> {
  const leaders: (number | undefined)[] = [undefined];
  for (const projectId of await listProjects(releasesDir)) {
    const folders = new ProjectFolders(releasesDir, projectId);
    await folders.sweep();
    // A state that cannot be read is reported where the release is to run again.
    const state = await readReleaseState(folders.stateFile).catch(() => undefined);
    if (state && stillRuns(state)) leaders.push(state.pid);
  }
  await terminateTree(() => [...new Set(leaders.flatMap((leader) => findTree(leader, isOurs)))], graceMs);
}

function stillRuns(state: ReleaseState): boolean {
  return state.boot_id === bootId() && readProcess(state.pid)?.startTime === state.process_start_time;
}
