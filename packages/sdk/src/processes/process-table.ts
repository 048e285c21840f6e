import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { parseStat, type StatFields } from './parse-stat.js';

/** A process as /proc shows it. */
export interface ProcessEntry extends StatFields {
  readonly pid: number;
  /** `NAME=value` pairs at its start; empty if they may not be read. */
  readonly environment: readonly string[];
}

/** Every living process, without zombies. Empty without /proc. */
export async function processTable(): Promise<ProcessEntry[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readEntry(Number(name))));
  return found.filter((entry) => entry !== undefined);
}

/** The value of a variable in the environment that a process started with. */
export function variableOf(entry: ProcessEntry, name: string): string | undefined {
  return entry.environment.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The working folder of a process; undefined if it may not be read, or the process is gone. */
export function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** The command line of a process; empty if it may not be read, or the process is gone. */
export function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

async function readEntry(pid: number): Promise<ProcessEntry | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [stat, environment] = await Promise.all([read('stat'), read('environ')]);
  const fields = parseStat(stat);
  return fields && { pid, ...fields, environment: environment.split('\0') };
}
