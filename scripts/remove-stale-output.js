// Removes from ./dist what no source is there for any more: a package is packed without it. Run by `npm pack`.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

for (const file of await readdir('dist', { recursive: true })) {
  const source = /^(.*)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
  if (source !== undefined && !existsSync(join('src', `${source}.ts`))) await rm(join('dist', file));
}
