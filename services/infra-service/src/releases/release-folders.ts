import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { identifier } from '@codegen/contracts';
import { removeTree } from '@codegen/sdk/files';

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
/** Names of folders that are being made or removed; nothing in them counts. */
const PASSING = '.passing-';

/** Where a project's releases are: `<releasesDir>/<project id>/{<sha>, home, current.json}`. */
export class ProjectFolders {
  readonly root: string;
  #aside: string[] = [];

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

  /** Makes the folders that every release needs, also where a release has put something else in their place. */
  async ensure(): Promise<void> {
    await mkdir(dirname(this.root), { recursive: true, mode: 0o700 });
    for (const folder of [this.root, this.home]) {
      const entry = await lstat(folder).catch(() => undefined);
      if (entry?.isDirectory()) {
        await chmod(folder, 0o700);
        continue;
      }
      if (entry) await removeTree(folder);
      await mkdir(folder, { mode: 0o700 });
    }
  }

  async hasRelease(sha: string): Promise<boolean> {
    return lstat(this.release(sha)).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
  }

  /** Takes what stands somewhere out of the way; fine where nothing does. Whoever works in it can go on. */
  async putAside(path: string): Promise<void> {
    const aside = this.passing();
    try {
      await rename(path, aside);
      this.#aside.push(aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Removes what was put aside; when nobody works in it any more. */
  async removeAside(): Promise<void> {
    for (const aside of this.#aside.splice(0)) await removeTree(aside);
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
