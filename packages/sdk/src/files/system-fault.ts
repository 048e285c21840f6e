import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { removeTree } from './remove-tree.js';
import { writeFileBelow } from './write-file.js';

/** What is wrong with a machine where a system call ends so, in words about whose it is. */
const WORDS: Readonly<Record<string, (whose: string, host: string) => string>> = {
  ENOSPC: (whose, host) => `the disk of ${whose} on ${host} is full (ENOSPC): make room there`,
  EDQUOT: (whose, host) => `the disk quota of ${whose} on ${host} is used up (EDQUOT): make room there, or raise it`,
  EROFS: (whose, host) => `the disk of ${whose} on ${host} is read-only (EROFS): see why, and mount it to be written`,
  EMFILE: (whose, host) => `${whose} on ${host} may open no more files (EMFILE): raise its limit of open files`,
  ENFILE: (whose, host) => `${host} may open no more files (ENFILE): raise its limit for ${whose}`,
  ENOMEM: (whose, host) => `${host} has no memory left for ${whose} (ENOMEM): free some, or add some`,
};

/** How the same is said by git and other programs. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|\bENOSPC\b/, 'ENOSPC'],
  [/Disk quota exceeded|\bEDQUOT\b/, 'EDQUOT'],
  [/Read-only file system|\bEROFS\b/, 'EROFS'],
  [/Too many open files(?! in system)|\bEMFILE\b/, 'EMFILE'],
  [/Too many open files in system|\bENFILE\b/, 'ENFILE'],
  [/Cannot allocate memory|\bENOMEM\b/, 'ENOMEM'],
];

/** Errors that say what a peer is at, not this machine. */
const OF_PEERS = new Set(['OrchestratorError', 'TransientError', 'UpstreamError']);

/** Less than this is full: no work that is worth its price fits. */
const LEAST_ROOM_BYTES = 16 * 1024 * 1024;
const LEAST_FILES = 100;
const PROBE = '.room';

/** The machine cannot do what the work needs, such as on a full disk: no fault of the work, which may go well later. */
export class SystemFault extends Error {
  override readonly name = 'SystemFault';

  constructor(
    readonly code: string,
    whose: string,
  ) {
    super(inWords(code, whose));
  }
}

/** The code of a system call that failed for the machine's fault, where an error or its cause is of one. */
export function faultCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && Object.hasOwn(WORDS, code) ? code : faultCode(error.cause);
}

/** The same of what a program says, such as git. Not of what somebody else's program says: that may be about anything. */
export function saidFault(text: string | undefined): string | undefined {
  return SAID.find(([words]) => words.test(text ?? ''))?.[1];
}

/** Says that a disk is full, by what is left on it; undefined where it is not, or cannot be asked. */
export async function fullDisk(folder: string): Promise<'ENOSPC' | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  if (!disk) return undefined;
  const hasRoom = disk.blocks === 0 || disk.bavail * disk.bsize >= LEAST_ROOM_BYTES;
  const hasFiles = disk.files === 0 || disk.ffree >= LEAST_FILES;
  return hasRoom && hasFiles ? undefined : 'ENOSPC';
}

/** The code of what keeps a folder from being written to, such as a full disk, a quota, or one that is read-only. */
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
 * Whether the machine is at fault for an error, as a sentence that says what to do: where the error says so, or one of the
 * folders cannot be written to. `whose` machine it is in the operator's words.
 */
export async function systemFault(
  error: unknown,
  { whose, folders }: { whose: string; folders: readonly string[] },
): Promise<string | undefined> {
  if (error instanceof SystemFault) return error.message;
  if (error instanceof Error && OF_PEERS.has(error.name)) return undefined;
  let code = faultCode(error) ?? (error instanceof Error ? saidFault(error.message) : undefined);
  for (const folder of folders) code ??= await diskFault(folder);
  return code && inWords(code, whose);
}

function inWords(code: string, whose: string): string {
  return (WORDS[code] ?? (() => code))(whose, hostname());
}
