import { readFileSync } from 'node:fs';
import { parseStat, type StatFields } from './parse-stat.js';

/** Identifies a process for good: its pid alone may be reused. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, from /proc; empty without /proc, or if the process was gone already. */
  readonly startTime: string;
  /** Start times of different boots cannot be compared; empty if the system has no boot id. */
  readonly bootId: string;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return identityOf(process.pid);
}

/** The process that has a pid now. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? '', bootId: bootId() };
}

/** Whether the process of this identity still runs; a zombie does not. Without /proc only the pid counts. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (identity.startTime === '') return startTimeOf(process.pid) === undefined;
  return startTimeOf(identity.pid) === identity.startTime;
}

/** Whether a signal such as SIGSTOP has stopped a process. False without /proc. */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === 'T';
}

/** Start of a process in clock ticks after boot; undefined if it is gone or a zombie, or without /proc. */
function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.startTime;
}

function statOf(pid: number): StatFields | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
