import { readFileSync } from 'node:fs';

/** The version of the release that this is part of: all its packages have the same. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
