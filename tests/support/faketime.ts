import { existsSync, rmSync } from 'node:fs';

const library = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));

/** Whether this machine can give a process a clock of its own; bin/set-up installs what is needed. */
export const hasFaketime = library !== undefined;

/** Environment of a process whose clock, and only its own, is wrong by so many minutes. Timers run as ever. */
export function wrongClock(minutes: number): Record<string, string> {
  if (!library) throw new Error('libfaketime is not installed. Try: bin/set-up faketime');
  return {
    LD_PRELOAD: library,
    FAKETIME: `${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}m`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Environment of a process for which time, its timers' too, runs so many times as fast. */
export function fastClock(times: number): Record<string, string> {
  if (!library) throw new Error('libfaketime is not installed. Try: bin/set-up faketime');
  return { LD_PRELOAD: library, FAKETIME: `+0 x${times}` };
}

/** Removes what the library of a killed process leaves in shared memory. */
export function forgetClocks(pids: readonly (number | undefined)[]): void {
  for (const name of pids.flatMap((pid) => [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])) {
    rmSync(`/dev/shm/${name}`, { force: true });
  }
}
