// Adds missing checksums to package-lock.json: npm omits them if it makes the lock from node_modules. Looks up only locked
// versions, and changes nothing else.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const AT_A_TIME = 4;
const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(await readFile(file, 'utf8'));
const gaps = Object.entries(lock.packages).filter(
  ([place, entry]) => place.includes('node_modules/') && !entry.link && !entry.integrity,
);

async function complete([place, entry]) {
  const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const { stdout } = await run('npm', ['view', `${name}@${entry.version}`, 'dist.integrity']);
  if (!/^sha512-\S+\s*$/.test(stdout))
    throw new Error(`${name}@${entry.version} has no sha512 checksum in the registry`);
  // npm's own order of fields, so that the next install does not change the file.
  const { version, resolved, ...others } = entry;
  const { name: alias, ...rest } = others;
  lock.packages[place] = {
    ...(alias === undefined ? {} : { name: alias }),
    version,
    ...(resolved === undefined ? {} : { resolved }),
    integrity: stdout.trim(),
    ...rest,
  };
}

const waiting = [...gaps];
await Promise.all(
  Array.from({ length: AT_A_TIME }, async () => {
    for (let gap = waiting.shift(); gap; gap = waiting.shift()) await complete(gap);
  }),
);
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${gaps.length} checksums added to package-lock.json\n`);
