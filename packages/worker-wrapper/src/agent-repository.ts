import { constants, type Dirent, existsSync } from 'node:fs';
import { appendFile, chmod, lstat, mkdir, open, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, readFileBelow } from '@codegen/sdk/files';
import { unmergedPaths } from './read-index.js';

// An agent's repository is read as data: no git runs in it, no link is followed, nothing that may block is opened.

const MAX_REF_BYTES = 4096;
const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_PACKED_REFS_BYTES = 16 * 1024 * 1024;
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
const MAX_SYMBOLIC_REFS = 5;
/** Maximum refs kept, and files read to find them. */
const MAX_REFS = 1000;
const STASH = 'refs/stash';
const STASH_LOG = 'logs/refs/stash';
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const LOOSE_OBJECT = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/;
const PACK = /^pack-[0-9a-f]{40,64}\.(?:pack|idx)$/;
/** Valid ref names; none leads out of the folder. */
const REF = /^refs(?:\/(?!\.)[^\0-\x20~^:?*[\\\x7f/]+)+$/;

/** Longer paths are reached through an open folder, since system calls reject paths of 4096 bytes. */
const LONG_PATH = 2048;
/** Maximum bytes of a path in a clone; git silently skips longer ones. */
const MAX_PATH = 4095;

/** A folder that was moved out of a tree, and its new location. */
export interface SetAside {
  readonly from: Buffer;
  readonly at: string;
}

/** Result of `setAside`. */
export interface Cleared {
  readonly moved: SetAside[];
  /** A file whose path is too long for git. */
  readonly tooLong: Buffer | undefined;
}

/**
 * Removes what git must not find in a tree, at any depth. Repositories (`.git`) are moved to `aside`; the tree's own one,
 * if it exists, comes first in the list. FIFOs, sockets and devices are deleted, since git cannot commit them and would block
 * on them, and so is a `.git` that is a file or a link, as in a worktree. Unreadable folders are made readable.
 */
export async function setAside(folder: string, aside: string, signal: AbortSignal): Promise<Cleared> {
  await mkdir(aside, { recursive: true });
  const moved: SetAside[] = [];
  let tooLong: Buffer | undefined;
  /** `path` opens the folder, `name` is its full path in the tree; they differ only for long paths. */
  const clear = async (path: Buffer, name: Buffer): Promise<void> => {
    signal.throwIfAborted();
    const folders: Buffer[] = [];
    for (const entry of await entriesOf(path)) {
      const from = below(path, entry.name);
      const isRepository = entry.name.toString('latin1') === '.git';
      if (!entry.isDirectory()) {
        if (isRepository || isSpecial(entry)) await inFolder(path, () => unlink(from));
        else if (name.length + entry.name.length - Buffer.byteLength(folder) > MAX_PATH)
          tooLong ??= below(name, entry.name);
      } else if (isRepository) {
        const at = join(aside, String(moved.length));
        await inFolder(path, () => chmod(from, 0o700).then(() => rename(from, at)));
        moved[name.length === Buffer.byteLength(folder) ? 'unshift' : 'push']({ from: below(name, entry.name), at });
      } else folders.push(entry.name);
    }
    for (const one of folders) await within(below(path, one), (reached) => clear(reached, below(name, one)));
  };
  await clear(Buffer.from(folder), Buffer.from(folder));
  return { moved, tooLong: tooLong?.subarray(Buffer.byteLength(folder) + 1) };
}

/** Runs `act` in a folder whose path may be too long for system calls. */
async function within(path: Buffer, act: (reached: Buffer) => Promise<void>): Promise<void> {
  if (path.length <= LONG_PATH || !existsSync('/proc/self/fd')) return act(path);
  const hold = () => open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const held = await hold()
    .catch(() => chmod(path, 0o700).then(hold))
    .catch(() => undefined);
  // If it cannot be opened, git will report it.
  if (!held) return;
  try {
    await act(Buffer.from(`/proc/self/fd/${held.fd}`));
  } finally {
    await held.close();
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** Moves folders back; skips those whose parent no longer exists. */
export async function putBack(moved: readonly SetAside[]): Promise<void> {
  for (const { from, at } of moved) await rename(at, from).catch(() => undefined);
}

/** Moves the objects of one repository into another: only files with valid object names. */
export async function moveObjects(from: string, to: string): Promise<void> {
  if (!(await isFolder(from))) return;
  for (const folder of await entriesOf(Buffer.from(from))) {
    const name = folder.name.toString('latin1');
    if (!folder.isDirectory() || !/^(?:[0-9a-f]{2}|pack)$/.test(name)) continue;
    const wanted = name === 'pack' ? PACK : LOOSE_OBJECT;
    const files = (await entriesOf(Buffer.from(join(from, name))))
      .filter((file) => file.isFile() && wanted.test(file.name.toString('latin1')))
      .map((file) => file.name.toString('latin1'));
    if (files.length > 0) await mkdir(join(to, name), { recursive: true });
    const folderOfFiles = Buffer.from(join(from, name));
    for (const file of files) {
      await inFolder(folderOfFiles, () => rename(join(from, name, file), join(to, name, file)));
    }
  }
}

/** The state of an agent's repository. */
export interface RepositoryState {
  /** Undefined if there is no commit, or HEAD cannot be read. */
  readonly head: string | undefined;
  /** Other parents of an uncommitted merge. */
  readonly merged: string[];
  /** An unfinished operation of several steps. */
  readonly unfinished: string | undefined;
  /** Unmerged paths, and whether both sides have the file. */
  readonly unmerged: ReadonlyMap<string, boolean>;
  /** Whether a sparse checkout may have removed files from the folder. */
  readonly sparse: boolean;
  /** Branches and the stash: full name, then commit. */
  readonly refs: ReadonlyMap<string, string>;
  /** git's list of stashes. */
  readonly stashLog: string;
}

const OPERATIONS: Readonly<Record<string, string>> = {
  'rebase-merge': 'a rebase',
  'rebase-apply': 'a rebase',
  BISECT_LOG: 'a bisection',
  sequencer: 'a cherry-pick or revert of several commits',
};

/** Reads the state of a repository from its files. */
export async function readState(gitDir: string): Promise<RepositoryState> {
  const names = (await entriesOf(Buffer.from(gitDir))).map(({ name }) => name.toString('latin1'));
  const operation = names.find((name) => OPERATIONS[name]);
  const merged = (await readText(gitDir, 'MERGE_HEAD', MAX_REF_BYTES)) ?? '';
  return {
    head: await readHead(gitDir),
    merged: merged.split('\n').filter((line) => COMMIT.test(line)),
    unfinished: operation && OPERATIONS[operation],
    unmerged: unmergedPaths((await readBytes(gitDir, 'index', MAX_INDEX_BYTES)) ?? Buffer.alloc(0)),
    sparse: await isSparse(gitDir),
    refs: await readRefs(gitDir),
    stashLog: (await readText(gitDir, STASH_LOG, MAX_PACKED_REFS_BYTES)) ?? '',
  };
}

async function isSparse(gitDir: string): Promise<boolean> {
  const patterns = await readText(gitDir, 'info/sparse-checkout', MAX_PACKED_REFS_BYTES);
  if (patterns === undefined) return false;
  const texts = await Promise.all(
    ['config', 'config.worktree'].map((name) => readText(gitDir, name, MAX_CONFIG_BYTES)),
  );
  return texts.some((text) => /^[ \t]*sparsecheckout[ \t]*(?:=[ \t]*(?:true|yes|on|1)[ \t\r]*)?$/im.test(text ?? ''));
}

/** Restores branches and stashes in a new repository of the agent. The wrapper's git never uses them. */
export async function restoreRefs(
  gitDir: string,
  { refs, stashLog }: Pick<RepositoryState, 'refs' | 'stashLog'>,
): Promise<void> {
  if (refs.size === 0) return;
  const lines = [...refs].map(([name, sha]) => `${sha} ${name}\n`);
  await appendFile(join(gitDir, 'packed-refs'), lines.join(''), 'latin1');
  if (!refs.has(STASH)) return;
  await mkdir(join(gitDir, 'logs', 'refs'), { recursive: true });
  await writeFile(join(gitDir, STASH_LOG), stashLog, 'latin1');
}

async function readRefs(gitDir: string): Promise<Map<string, string>> {
  const refs = new Map<string, string>();
  const add = (name: string, sha: string) => {
    const isKept = name.startsWith('refs/heads/') ? REF.test(name) : name === STASH;
    if (isKept && COMMIT.test(sha) && refs.size < MAX_REFS) refs.set(name, sha);
  };
  const packed = (await readText(gitDir, 'packed-refs', MAX_PACKED_REFS_BYTES)) ?? '';
  for (const line of packed.split('\n')) add(line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' ')));
  const folders = (await isFolder(join(gitDir, 'refs'))) ? ['refs/heads'] : [];
  let filesRead = 0;
  for (let folder = folders.pop(); folder && filesRead < MAX_REFS; folder = folders.pop()) {
    if (!(await isFolder(join(gitDir, folder)))) continue;
    for (const entry of await entriesOf(Buffer.from(join(gitDir, folder), 'latin1'))) {
      const name = `${folder}/${entry.name.toString('latin1')}`;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile() && REF.test(name)) {
        add(name, ((await readText(gitDir, name, MAX_REF_BYTES)) ?? '').trim());
        filesRead += 1;
        if (filesRead >= MAX_REFS) break;
      }
    }
  }
  add(STASH, ((await readText(gitDir, STASH, MAX_REF_BYTES)) ?? '').trim());
  return refs;
}

async function readHead(gitDir: string): Promise<string | undefined> {
  let ref = 'HEAD';
  for (let steps = 0; steps < MAX_SYMBOLIC_REFS; steps += 1) {
    const text = (await readText(gitDir, ref, MAX_REF_BYTES))?.trim() ?? (await packedRef(gitDir, ref));
    if (text === undefined || COMMIT.test(text)) return text;
    ref = text.startsWith('ref: ') ? text.slice(5).trim() : '';
    if (!REF.test(ref)) return undefined;
  }
  return undefined;
}

async function packedRef(gitDir: string, ref: string): Promise<string | undefined> {
  const text = (await readText(gitDir, 'packed-refs', MAX_PACKED_REFS_BYTES)) ?? '';
  const line = text.split('\n').find((one) => one.endsWith(` ${ref}`));
  return line?.split(' ')[0];
}

/** Undefined if the file does not exist or is not a regular file within the limit. */
async function readText(gitDir: string, path: string, mostBytes: number): Promise<string | undefined> {
  return (await readBytes(gitDir, path, mostBytes))?.toString('latin1');
}

/** The same as bytes. */
export async function readBytes(folder: string, path: string, mostBytes: number): Promise<Buffer | undefined> {
  return readFileBelow(folder, path, { mostBytes }).catch((error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  });
}

/** Whether a path is a folder itself, not a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function entriesOf(path: Buffer): Promise<Dirent<Buffer>[]> {
  const read = () => readdir(path, { withFileTypes: true, encoding: 'buffer' });
  return read().catch(async () => {
    if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return [];
    await chmod(path, 0o700).catch(() => undefined);
    // If it is still unreadable, git will report it.
    return read().catch(() => []);
  });
}

/** Runs `act` in a folder, making the folder writable if needed. */
async function inFolder(folder: Buffer, act: () => Promise<void>): Promise<void> {
  await act().catch(async () => {
    await chmod(folder, 0o700);
    await act();
  });
}

function isSpecial(entry: Dirent<Buffer>): boolean {
  return entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice() || entry.isBlockDevice();
}
