import { argumentsOf, endAll, type ProcessEntry, processTable, workingFolderOf } from '@codegen/sdk/processes';

const GIVE_UP_MS = 10_000;

/**
 * Ends every process of this user that works in a folder: its working folder is inside, or its environment or arguments
 * name it. For folders that are nobody else's, such as a temporary one of our own. Without /proc it does nothing.
 * @throws {Error} where something survives SIGKILL
 */
export async function endProcesses(folder: string, graceMs = 2000): Promise<void> {
  await endAll(() => processesOf(folder), { graceMs, giveUpMs: GIVE_UP_MS });
}

/** Pids that work in a folder, without this process and the one above it. */
async function processesOf(folder: string): Promise<number[]> {
  const spared = new Set([process.pid, process.ppid]);
  const table = await processTable();
  return table.filter((entry) => !spared.has(entry.pid) && worksIn(entry, folder)).map(({ pid }) => pid);
}

function worksIn({ pid, environment }: ProcessEntry, folder: string): boolean {
  const cwd = workingFolderOf(pid);
  // Whose folder may not be read is not ours.
  if (cwd === undefined) return false;
  if (cwd === folder || cwd.startsWith(`${folder}/`)) return true;
  return [...environment, ...argumentsOf(pid)].some((word) =>
    word.slice(word.indexOf('=') + 1).startsWith(`${folder}/`),
  );
}
