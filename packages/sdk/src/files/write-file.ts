import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { failedCall, kindOf, unexpectedKind } from './file-error.js';
import { type HeldFolder, holdFolder, partsOf } from './held-folder.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

export interface WriteOptions {
  /** Permissions of a new file; an existing file keeps its own. */
  readonly mode?: number;
  /** Whether to flush the file to disk before resolving. */
  readonly sync?: boolean;
  /**
   * What may be replaced: only regular `files`, so that a link or pipe is an error, or `anything` but a folder.
   */
  readonly replaces?: 'files' | 'anything';
}

/**
 * Writes a file atomically below a folder that others write to, and makes missing folders. Writes through no symbolic or
 * hard link: the file is made under a new name and renamed over the old one.
 * @throws {FileError} if the path holds something that may not be replaced
 */
export async function writeFileBelow(
  root: string,
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, sync = false, replaces = 'files' }: WriteOptions = {},
): Promise<void> {
  const [folders, name] = partsOf(path);
  // Drafts are made in the root, where one left behind by a crash does no harm.
  const write = (drafts: HeldFolder) => async (folder: HeldFolder) => {
    const present = await lstat(folder.path(name)).catch(ignoreMissing);
    if (present && !present.isFile() && (present.isDirectory() || replaces === 'files')) {
      throw unexpectedKind(path, kindOf(present), 'regular file');
    }
    const draft = drafts.path(`.${randomBytes(8).toString('hex')}.new`);
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    try {
      try {
        await file.writeFile(content);
        if (present?.isFile()) await file.chmod(present.mode & 0o777);
        if (sync) await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, folder.path(name));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return true;
  };
  const done = await holdFolder(root, [], (drafts) => holdFolder(root, folders, write(drafts), { make: true })).catch(
    (error: unknown) => {
      throw failedCall(path, 'written', error);
    },
  );
  if (!done) throw failedCall(root, 'written', { code: 'ENOENT' });
}

/**
 * Opens a log for appending below a folder that others write to. Replaces an entry that is not a regular file or has
 * other hard links. The caller closes it.
 */
export async function openLogBelow(root: string, path: string, mode = 0o600): Promise<FileHandle> {
  const [folders, name] = partsOf(path);
  const work = async (folder: HeldFolder) => {
    for (let tries = 1; ; tries += 1) {
      const log = await open(folder.path(name), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode).catch(
        ignoreWrongKind,
      );
      const entry = await log?.stat();
      if (log && entry?.isFile() && entry.nlink === 1) return log;
      await log?.close();
      if (tries === 3) throw unexpectedKind(path, 'something else', 'regular file');
      await rm(folder.path(name), { force: true });
    }
  };
  const log = await holdFolder(root, folders, work, { make: true }).catch((error: unknown) => {
    throw failedCall(path, 'written', error);
  });
  if (!log) throw failedCall(root, 'written', { code: 'ENOENT' });
  return log;
}

/** Moves an entry of any kind to another folder of the same root, over no link. */
export async function moveBelow(root: string, from: string, to: string): Promise<void> {
  const [fromFolders, fromName] = partsOf(from);
  const [toFolders, toName] = partsOf(to);
  await holdFolder(root, fromFolders, (source) =>
    holdFolder(root, toFolders, (target) => rename(source.path(fromName), target.path(toName)), { make: true }),
  ).catch((error: unknown) => {
    throw failedCall(from, 'written', error);
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** ELOOP: a link; ENXIO: a socket, or a pipe without a reader. */
function ignoreWrongKind(error: NodeJS.ErrnoException): undefined {
  if (!['ELOOP', 'ENXIO'].includes(error.code as string)) throw error;
}
