import { fullDisk } from '@codegen/sdk/files';

const CHECK_MS = 250;

/** Watches whether a disk becomes full, since the files that filled it may be deleted again before the end. */
export function watchDisk(folder: string): { wasFull(): 'ENOSPC' | undefined; stop(): void } {
  let seen: 'ENOSPC' | undefined;
  const timer = setInterval(() => {
    void fullDisk(folder).then((full) => {
      seen ??= full;
    });
  }, CHECK_MS);
  return { wasFull: () => seen, stop: () => clearInterval(timer) };
}
