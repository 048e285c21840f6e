import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { identifier } from '@codegen/contracts';
import { PermanentError } from '@codegen/sdk/errors';
import { initRepository, isAncestor, parseGitEntries, parseObjects, resolveCommit } from '@codegen/sdk/git';
import {
  BARE_SETTINGS,
  fetchHead,
  firstCommit,
  listEntries,
  listFiles,
  moveMain,
  readBlob,
  readObjects,
  setConfig,
} from '../git-commands.js';
import { runGit } from '../run-git.js';
import type { RepositoryHost } from './host.js';

const COMMIT = /^[0-9a-f]{40}$/;
const ORPHANED_LOCK_MS = 60_000;
const MAX_OBJECT_BYTES = 16 * 1024 * 1024;

/** Repositories as bare folders at `<reposDir>/<full name>.git`, for one machine. */
export function localHost(reposDir: string): RepositoryHost {
  const folderOf = (fullName: string) => {
    const parts = fullName.split('/');
    if (parts.length !== 2 || !parts.every((part) => identifier.safeParse(part).success)) {
      throw new PermanentError(`"${fullName}" is not the name of a repository. Try: org/repo.`);
    }
    return join(reposDir, `${fullName}.git`);
  };
  const resolve = async (fullName: string, name: string) => {
    const gitDir = folderOf(fullName);
    if (!(await exists(gitDir))) return undefined;
    const { stdout, exitCode } = await runGit(resolveCommit({ gitDir }, name), { expect: [1] });
    return exitCode === 0 ? stdout.trim() : undefined;
  };

  return {
    nameFor: (projectId) => `local/${projectId}`,

    async ensureRepository(fullName) {
      const gitDir = folderOf(fullName);
      if (!(await exists(gitDir))) await createBare(gitDir);
      // A path in the folder, wherever that is mounted or moved to.
      const repository = { full_name: fullName, clone_url: `${fullName}.git`, credential_ref: 'none:' };
      return { url: pathToFileURL(gitDir).href, repository };
    },

    async createMain(fullName, folder) {
      const gitDir = folderOf(fullName);
      const head = (await runGit(resolveCommit({ gitDir: join(folder, '.git') }, 'HEAD'))).stdout.trim();
      await runGit(fetchHead(gitDir, folder));
      return move(gitDir, { to: head });
    },

    branchTip: (fullName, branch) => resolve(fullName, `refs/heads/${branch}`),

    async contains(fullName, history, commitSha) {
      if (!COMMIT.test(commitSha) || !COMMIT.test(history)) return false;
      if (!(await resolve(fullName, commitSha)) || !(await resolve(fullName, history))) return false;
      const { exitCode } = await runGit(isAncestor({ gitDir: folderOf(fullName) }, commitSha, history), {
        expect: [1],
      });
      return exitCode === 0;
    },

    advanceMain: (fullName, { from, to }) => move(folderOf(fullName), { from, to }),

    async readText(fullName, commitSha, path, mostBytes) {
      const limits = { expect: [128], mostBytes: mostBytes + 1 };
      const { stdout, exitCode } = await runGit(readBlob(folderOf(fullName), commitSha, path), limits);
      return exitCode === 0 ? stdout : undefined;
    },

    async entries(fullName, commitSha) {
      return parseGitEntries((await runGit(listEntries(folderOf(fullName), commitSha))).stdout);
    },

    async objects(fullName, ids) {
      const options = {
        input: ids.map((id) => `${id}\n`).join(''),
        mostBytes: MAX_OBJECT_BYTES,
        encoding: 'latin1',
      } as const;
      return parseObjects((await runGit(readObjects(folderOf(fullName)), options)).stdout);
    },

    async countFirstFiles(fullName, commitSha) {
      const gitDir = folderOf(fullName);
      const first = (await runGit(firstCommit(gitDir, commitSha))).stdout.trim().split('\n').at(-1) as string;
      return (await runGit(listFiles(gitDir, first))).stdout.split('\0').length - 1;
    },
  };

  async function move(gitDir: string, { from, to }: { from?: string; to: string }): Promise<boolean> {
    const { exitCode, stderr } = await runGit(moveMain(gitDir, { from, to }), { expect: [1, 128] });
    if (exitCode === 0) return true;
    const { stdout } = await runGit(resolveCommit({ gitDir }, 'refs/heads/main'), { expect: [1] });
    if (stdout.trim() !== (from ?? '')) return false;
    await removeOrphanedLocks(gitDir);
    throw new Error(`main could not be moved: ${stderr.trim()}`);
  }
}

// Made beside its place and moved into it whole, so that a crash never leaves half a repository there.
async function createBare(gitDir: string): Promise<void> {
  const draft = `${gitDir}.${randomUUID()}.new`;
  await mkdir(dirname(gitDir), { recursive: true });
  try {
    await runGit(initRepository(draft, { branch: 'main', bare: true }));
    for (const setting of BARE_SETTINGS) await runGit(setConfig(draft, setting));
    await rename(draft, gitDir);
  } catch (error) {
    // Another scaffolder was first.
    if (!(await exists(gitDir))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

// Git holds them for milliseconds; an old one belongs to a git that was killed, and would block main for ever. HEAD is
// locked with main, since it names main.
async function removeOrphanedLocks(gitDir: string): Promise<void> {
  for (const lock of [join(gitDir, 'refs/heads/main.lock'), join(gitDir, 'HEAD.lock')]) {
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ORPHANED_LOCK_MS) await rm(lock, { force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
