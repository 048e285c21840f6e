import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { removeTree } from './remove-tree.js';
import { writeFileBelow } from './write-file.js';

/** The machine's fault behind each error code, and what to do. */
const FAULTS: Readonly<Record<string, (whose: string, host: string) => string>> = {
  ENOSPC: (whose, host) => `the disk of ${whose} on ${host} is full (ENOSPC): make room there`,
  EDQUOT: (whose, host) => `the disk quota of ${whose} on ${host} is used up (EDQUOT): make room there, or raise it`,
  EROFS: (whose, host) => `the disk of ${whose} on ${host} is read-only (EROFS): find out why, and mount it read-write`,
  EMFILE: (whose, host) => `${whose} on ${host} has too many open files (EMFILE): raise its limit of open files`,
  ENFILE: (whose, host) => `${host} has too many open files (ENFILE), needed by ${whose}: raise the limit of ${host}`,
  ENOMEM: (whose, host) => `${host} has no memory left for ${whose} (ENOMEM): free or add memory`,
};

/** The same faults in the output of git and other programs. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|\bENOSPC\b/, 'ENOSPC'],
  [/Disk quota exceeded|\bEDQUOT\b/, 'EDQUOT'],
  [/Read-only file system|\bEROFS\b/, 'EROFS'],
  [/Too many open files(?! in system)|\bEMFILE\b/, 'EMFILE'],
  [/Too many open files in system|\bENFILE\b/, 'ENFILE'],
  [/Cannot allocate memory|\bENOMEM\b/, 'ENOMEM'],
];

/** Errors about a peer, not about this machine. */
const PEER_ERRORS = new Set(['OrchestratorError', 'TransientError', 'UpstreamError']);

/** A disk with less free space or fewer free files counts as full: an agent's turn would fail there. */
const LEAST_ROOM_BYTES = 16 * 1024 * 1024;
const LEAST_FILES = 100;
const PROBE = '.room';

/** The machine, not the work, is at fault, as with a full disk: a later try may succeed. */
export class SystemFault extends Error {
  override readonly name = 'SystemFault';

  constructor(
    readonly code: string,
    whose: string,
  ) {
    super(describeFault(code, whose));
  }
}

/** The error code of the machine's fault behind an error or its causes; undefined if there is none. */
export function faultCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && Object.hasOwn(FAULTS, code) ? code : faultCode(error.cause);
}

/** The same for the output of a program of ours, such as git. Do not use it on other output, which may be about anything. */
export function faultInOutput(text: string | undefined): string | undefined {
  return PATTERNS.find(([pattern]) => pattern.test(text ?? ''))?.[1];
}

/** ENOSPC if too little space or too few files are left on a disk; undefined otherwise, or if statfs fails. */
export async function fullDisk(folder: string): Promise<'ENOSPC' | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  if (!disk) return undefined;
  const hasRoom = disk.blocks === 0 || disk.bavail * disk.bsize >= LEAST_ROOM_BYTES;
  const hasFiles = disk.files === 0 || disk.ffree >= LEAST_FILES;
  return hasRoom && hasFiles ? undefined : 'ENOSPC';
}

/** The error code that prevents writing to a folder: a full disk, a quota, a read-only disk; undefined if none does. */
export async function diskFault(folder: string): Promise<string | undefined> {
  const full = await fullDisk(folder);
  if (full) return full;
  try {
    await writeFileBelow(folder, PROBE, Buffer.alloc(4096), { sync: true, replaces: 'anything' });
  } catch (error) {
    return faultCode(error);
  } finally {
    await removeTree(`${folder}/${PROBE}`).catch(() => undefined);
  }
  return undefined;
}

/**
 * If the machine caused an error (its code says so, or one of the folders cannot be written to), a sentence that says what
 * to do; else undefined. `whose` names the machine's user in the operator's words.
 */
export async function systemFault(
  error: unknown,
  { whose, folders }: { whose: string; folders: readonly string[] },
): Promise<string | undefined> {
  if (error instanceof SystemFault) return error.message;
  if (error instanceof Error && PEER_ERRORS.has(error.name)) return undefined;
  let code = faultCode(error) ?? (error instanceof Error ? faultInOutput(error.message) : undefined);
  for (const folder of folders) code ??= await diskFault(folder);
  return code && describeFault(code, whose);
}

function describeFault(code: string, whose: string): string {
  return (FAULTS[code] ?? (() => code))(whose, hostname());
}
