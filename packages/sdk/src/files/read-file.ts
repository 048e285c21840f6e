import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { FileError, failedCall, kindOf, unexpectedKind } from './file-error.js';
import { holdFolder, partsOf } from './held-folder.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Milliseconds that a file may take, where nothing else is said. */
const TIMEOUT_MS = 5000;
const FIRST_BYTES = 64 * 1024;

/** How much of a file is read, and for how long. */
export interface ReadLimits {
  readonly mostBytes: number;
  readonly timeoutMs?: number;
  /** What messages call the file; its path, where nothing is said. */
  readonly name?: string;
  /** `follow` for a file that is the user's own, and may be a link of theirs. */
  readonly links?: 'refuse' | 'follow';
}

/**
 * Reads a path below a folder that somebody else writes to, an agent or a commit: a regular file, reached over no link below
 * the root, within its limits. Undefined where there is nothing. A hard link is a file like any other: whoever can make one
 * could read the file, or owns it.
 * @throws {FileError} where there is anything else; nothing of its content is in the message
 */
export function readFileBelow(root: string, path: string, limits: ReadLimits): Promise<Buffer | undefined> {
  const [folders, name] = partsOf(path);
  const options = { name: path, ...limits };
  return inTime(options.name, options.timeoutMs, () =>
    holdFolder(root, folders, (folder) => readNow(folder.path(name), options)),
  );
}

/**
 * Reads a regular file, within its limits; undefined where there is nothing. A pipe or a device at the path does not make
 * the caller wait.
 * @throws {FileError} where there is anything else; nothing of its content is in the message
 */
export function readRegularFile(path: string, limits: ReadLimits): Promise<Buffer | undefined> {
  const options = { name: path, ...limits };
  return inTime(options.name, options.timeoutMs, () => readNow(path, options));
}

/**
 * The names in a folder below a root, reached over no link; none where it is missing.
 * @throws {FileError} where it is no folder
 */
export async function listBelow(root: string, path: string): Promise<string[]> {
  const [folders, name] = partsOf(path);
  const list = () => holdFolder(root, [...folders, name], (folder) => readdir(folder.path()));
  return (await inTime(path, undefined, list)) ?? [];
}

async function readNow(path: string, { name, mostBytes, links }: ReadLimits & { name: string }) {
  const handle = await openFile(path, name, O_RDONLY | O_NONBLOCK | (links === 'follow' ? 0 : O_NOFOLLOW));
  if (!handle) return undefined;
  try {
    const entry = await handle.stat();
    // What was opened, not what stood there a moment before.
    if (!entry.isFile()) throw unexpectedKind(name, kindOf(entry), 'regular file');
    if (entry.size > mostBytes) throw tooLarge(name, mostBytes);
    return await readAll(handle, name, mostBytes, entry.size);
  } catch (error) {
    throw failedCall(name, 'read', error);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, name: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // A link, and a socket.
    const entry = code === 'ELOOP' || code === 'ENXIO' ? await lstat(path).catch(() => undefined) : undefined;
    throw entry ? unexpectedKind(name, kindOf(entry), 'regular file') : failedCall(name, 'read', error);
  }
}

/** What there is until the end: the size may be wrong, as in /proc, and grow meanwhile. */
async function readAll(handle: FileHandle, name: string, mostBytes: number, expected: number): Promise<Buffer> {
  let buffer = Buffer.alloc(Math.min(mostBytes, expected || FIRST_BYTES) + 1);
  for (let size = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, size, buffer.length - size, null);
    size += bytesRead;
    if (bytesRead === 0) return buffer.subarray(0, size);
    if (size > mostBytes) throw tooLarge(name, mostBytes);
    if (size === buffer.length) {
      buffer = Buffer.concat([buffer, Buffer.alloc(Math.min(buffer.length, mostBytes + 1 - size))]);
    }
  }
}

function tooLarge(name: string, mostBytes: number): FileError {
  return new FileError('too_large', `${name} has over ${mostBytes} bytes: make it smaller`);
}

/** Gives up on a disk that does not answer; the call itself cannot be taken back. */
function inTime<T>(name: string, timeoutMs = TIMEOUT_MS, work: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = () =>
      reject(new FileError('unavailable', `${name} could not be read within ${timeoutMs} ms: try again`));
    const timer = setTimeout(late, timeoutMs);
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
