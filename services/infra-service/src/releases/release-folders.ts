import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { identifier } from '@codegen/contracts';
import { removeTree } from '@codegen/sdk/files';

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
/** Names of folders that are being made or removed; nothing in them counts. */
const PASSING = '.passing-';

/** Where a project's releases are: `<releasesDir>/<project id>/{<sha>, home, current.json}`. */
export class ProjectFolders {
  readonly root: string;

  constructor(
    releasesDir: string,
    readonly projectId: string,
  ) {
    this.root = join(releasesDir, identifier.parse(projectId));
  }

  /** Home folder of the project's releases; survives them. */
  get home(): string {
    return join(this.root, 'home');
  }

  get stateFile(): string {
    return join(this.root, 'current.json');
  }

  release(sha: string): string {
    if (!SHA.test(sha)) throw new TypeError('a release is named by a full commit id');
    return join(this.root, sha);
  }

  /** A new name beside the releases, for a folder on its way in or out. */
  passing(): string {
    return join(this.root, PASSING + randomBytes(6).toString('hex'));
  }

  async ensure(): Promise<void> {
    await mkdir(this.home, { recursive: true, mode: 0o700 });
  }

  async hasRelease(sha: string): Promise<boolean> {
    return lstat(this.release(sha)).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
  }

  /** Removes every release but these. */
  async prune(keep: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (SHA.test(name) && !keep.has(name)) await this.#remove(name);
    }
  }

  /** Removes what a killed service left half made; only when nothing is being made. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (name.startsWith(PASSING)) await removeTree(join(this.root, name)).catch(() => undefined);
    }
  }

  /** Renamed first: a release folder is whole or not there. */
  async #remove(name: string): Promise<void> {
    const passing = this.passing();
    await rename(join(this.root, name), passing);
    await removeTree(passing);
  }
}

/** Ids of the projects that have releases in this folder. */
export async function listProjects(releasesDir: string): Promise<string[]> {
  const entries = await readdir(releasesDir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && identifier.safeParse(entry.name).success)
    .map(({ name }) => name);
}

/** Tells this folder's processes from those of another one on the same machine. */
export async function folderFingerprint(releasesDir: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(releasesDir))
    .digest('hex')
    .slice(0, 12);
}
