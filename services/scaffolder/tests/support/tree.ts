import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Every file of a folder with its executable bit and content: equal trees give equal objects. */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const mode = (await stat(path)).mode & 0o100 ? 'x' : '-';
    const text = bytes.toString('utf8');
    const shown = Buffer.from(text).equals(bytes) ? text : createHash('sha256').update(bytes).digest('hex');
    tree[relative(folder, path)] = `${mode} ${shown}`;
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}
