import { readFile } from 'node:fs/promises';

/** The versions of this command line and of what runs it. */
export async function readVersion(): Promise<{ version: string; node: string }> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { version, node: process.version };
}
