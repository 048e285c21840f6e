import { readdir, readFile } from 'node:fs/promises';

/** A process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Since boot, in clock ticks: with the pid it names a process for good. */
  readonly startTime: number;
  readonly environment: readonly string[];
}

/** Every living process; zombies are left out. Empty where there is no /proc. */
export async function processTable(): Promise<ProcessEntry[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => processEntry(Number(name))));
  return found.filter((entry) => entry !== undefined);
}

/** One living process, or undefined. */
export async function processEntry(pid: number): Promise<ProcessEntry | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
  const [stat, environment] = await Promise.all([read('stat'), read('environ')]);
  // The command's name is in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , session] = fields;
  if (!state || state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    parent: Number(parent),
    session: Number(session),
    startTime: Number(fields[19]),
    environment: environment.split('\0'),
  };
}
