import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Licences that allow bundling if their text is included. */
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);
const TEXTS = /^(licen[cs]e|copying|notice)/i;

/**
 * Lists the bundled packages and versions, each with the whole text of its licence.
 * @param {string} root the folder that the paths are relative to
 * @param {Iterable<string>} paths the bundled files
 * @throws {Error} if a licence is not in the list above, or its text is missing
 */
export async function thirdPartyLicenses(root, paths) {
  const folders = new Set();
  for (const path of paths) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
    if (folder) folders.add(folder);
  }
  const parts = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    if (!PERMISSIVE.has(license)) {
      throw new Error(
        `${name} ${version} is under ${JSON.stringify(license)}: check whether it may be bundled, and add it to PERMISSIVE`,
      );
    }
    const files = (await readdir(join(root, folder))).filter((file) => TEXTS.test(file)).sort();
    if (!files.some((file) => !/^notice/i.test(file))) throw new Error(`${name} ${version} has no licence text`);
    const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')));
    parts.set(`${name} ${version} (${license})`, texts.map((text) => text.trim()).join('\n\n'));
  }
  const line = '-'.repeat(80);
  const entries = [...parts].sort(([one], [other]) => (one < other ? -1 : 1));
  const list = entries.map(([title, text]) => `${line}\n${title}\n${line}\n\n${text}\n`).join('\n');
  return `This package contains the following software, each under the licence below its name.\n\n${list}`;
}
