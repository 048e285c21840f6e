import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { FileError, failedCall, kindOf, unexpectedKind } from './file-error.js';
import { holdFolder, partsOf } from './held-folder.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Milliseconds that reading a file may take by default. */
const TIMEOUT_MS = 5000;
const FIRST_BYTES = 64 * 1024;

/** Limits for reading one file. */
export interface ReadLimits {
  readonly mostBytes: number;
  readonly timeoutMs?: number;
  /** Name of the file in messages; its path by default. */
  readonly name?: string;
  /** `follow` for a file of the user, who may have made it a link. */
  readonly links?: 'refuse' | 'follow';
}

/**
 * Reads a file below a folder that others write to (an agent, a commit): only a regular file, over no link below the root,
 * within the limits. Returns undefined if it is missing. Hard links are allowed: who can make one could read the file anyway.
 * @throws {FileError} for anything else; the message holds none of its content
 */
export function readFileBelow(root: string, path: string, limits: ReadLimits): Promise<Buffer | undefined> {
  const [folders, name] = partsOf(path);
  const options = { name: path, ...limits };
  return inTime(options.name, options.timeoutMs, () =>
    holdFolder(root, folders, (folder) => readNow(folder.path(name), options)),
  );
}

/**
 * Reads a regular file within the limits; undefined if it is missing. A pipe or device at the path does not block.
 * @throws {FileError} for anything else; the message holds none of its content
 */
export function readRegularFile(path: string, limits: ReadLimits): Promise<Buffer | undefined> {
  const options = { name: path, ...limits };
  return inTime(options.name, options.timeoutMs, () => readNow(path, options));
}

/**
 * The names in a folder below a root, reached over no link; empty if it is missing.
 * @throws {FileError} if it is not a folder
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
    // Check the opened file: the path may have changed since.
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
    // ELOOP: a link; ENXIO: a socket.
    const entry = code === 'ELOOP' || code === 'ENXIO' ? await lstat(path).catch(() => undefined) : undefined;
    throw entry ? unexpectedKind(name, kindOf(entry), 'regular file') : failedCall(name, 'read', error);
  }
}

/** Reads to the end: the size may be wrong, as in /proc, or grow meanwhile. */
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
  return new FileError('too_large', `${name} is larger than ${mostBytes} bytes: make it smaller`);
}

/** Stops waiting for a disk that does not answer; the system call itself cannot be cancelled. */
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
