import { existsSync, rmSync } from 'node:fs';

const library = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));

/** Whether libfaketime is installed, which gives a process its own clock; bin/set-up installs it. */
export const hasFaketime = library !== undefined;

/** Environment that sets a process's clock wrong by a number of minutes. Its timers run normally. */
export function wrongClock(minutes: number): Record<string, string> {
  if (!library) throw new Error('libfaketime is not installed. Try: bin/set-up faketime');
  return {
    LD_PRELOAD: library,
    FAKETIME: `${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}m`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Environment that makes time in a process, including its timers, run a number of times faster. */
export function fastClock(times: number): Record<string, string> {
  if (!library) throw new Error('libfaketime is not installed. Try: bin/set-up faketime');
  return { LD_PRELOAD: library, FAKETIME: `+0 x${times}` };
}

/** Removes the shared memory that the library of a killed process leaves behind. */
export function forgetClocks(pids: readonly (number | undefined)[]): void {
  for (const name of pids.flatMap((pid) => [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])) {
    rmSync(`/dev/shm/${name}`, { force: true });
  }
}
