import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Ends every process of this user that works in a folder: its working folder is inside, or its environment or arguments
 * name it. For folders that are nobody else's, such as a temporary one of our own. Without /proc it does nothing.
 */
export async function endProcesses(folder: string, graceMs = 2000): Promise<void> {
  for (const deadline = Date.now() + graceMs + 10_000; Date.now() < deadline; await sleep(50)) {
    const pids = processesOf(folder);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, Date.now() > deadline - 10_000 ? 'SIGKILL' : 'SIGTERM');
      } catch {
        // It ended by itself in between.
      }
    }
  }
}

/** Pids that work in a folder, without this process and those above it. */
function processesOf(folder: string): number[] {
  const spared = new Set([process.pid, process.ppid]);
  return pids().filter((pid) => !spared.has(pid) && worksIn(pid, folder));
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function worksIn(pid: number, folder: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return false;
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    if (cwd === folder || cwd.startsWith(`${folder}/`)) return true;
    return ['environ', 'cmdline'].some((file) =>
      readFileSync(`/proc/${pid}/${file}`, 'utf8')
        .split('\0')
        .some((word) => word.slice(word.indexOf('=') + 1).startsWith(`${folder}/`)),
    );
  } catch {
    return false;
  }
}
