import { readFileSync } from 'node:fs';
import { parseStat, type StatFields } from './parse-stat.js';

/** A process for good: a pid alone may be given to another one later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, from /proc; empty where there is no /proc, or the process was gone already. */
  readonly startTime: string;
  /** Start times of different boots are not to be compared; empty where the system does not tell. */
  readonly bootId: string;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return identityOf(process.pid);
}

/** Who has a pid now. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? '', bootId: bootId() };
}

/** Whether the process of this identity still runs; a zombie does not. Without /proc the pid alone decides. */
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

/** Whether a signal (SIGSTOP, say) keeps a process from running. False where there is no /proc. */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === 'T';
}

/** When a process started, in clock ticks after boot; undefined where it is gone or a zombie, or there is no /proc. */
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
