// Removes files from ./dist that no longer have a source, so that they are not packed. Run by `npm pack`.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

for (const file of await readdir('dist', { recursive: true })) {
  const source = /^(.*)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
  if (source !== undefined && !existsSync(join('src', `${source}.ts`))) await rm(join('dist', file));
}
