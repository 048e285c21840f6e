import { argumentsOf, endAll, type ProcessEntry, processTable, workingFolderOf } from '@codegen/sdk/processes';

const GIVE_UP_MS = 10_000;

/**
 * Ends every process of this user whose working folder is in a folder, or whose environment or arguments name a path in it.
 * Only for folders of our own, such as a temporary one. Without /proc it does nothing.
 * @throws {Error} if a process survives SIGKILL
 */
export async function endProcesses(folder: string, graceMs = 2000): Promise<void> {
  await endAll(() => processesOf(folder), { graceMs, giveUpMs: GIVE_UP_MS });
}

/** Pids of processes that work in a folder, without this process and its parent. */
async function processesOf(folder: string): Promise<number[]> {
  const spared = new Set([process.pid, process.ppid]);
  const table = await processTable();
  return table.filter((entry) => !spared.has(entry.pid) && worksIn(entry, folder)).map(({ pid }) => pid);
}

function worksIn({ pid, environment }: ProcessEntry, folder: string): boolean {
  const cwd = workingFolderOf(pid);
  // An unreadable working folder: the process belongs to another user.
  if (cwd === undefined) return false;
  if (cwd === folder || cwd.startsWith(`${folder}/`)) return true;
  return [...environment, ...argumentsOf(pid)].some((word) =>
    word.slice(word.indexOf('=') + 1).startsWith(`${folder}/`),
  );
}
