import { fullDisk } from '@codegen/sdk/files';

const LOOK_MS = 250;

/** Watches whether a disk gets full: what fails for that may be gone from it at its end. */
export function watchRoom(folder: string): { wasFull(): 'ENOSPC' | undefined; stop(): void } {
  let seen: 'ENOSPC' | undefined;
  const timer = setInterval(() => {
    void fullDisk(folder).then((full) => {
      seen ??= full;
    });
  }, LOOK_MS);
  return { wasFull: () => seen, stop: () => clearInterval(timer) };
}
