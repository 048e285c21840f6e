import { join } from 'node:path';

/** The program that tests of the command line as it is published start. */
export async function cliUnderTest(): Promise<string> {
  return join(import.meta.dirname, '../../bin/run.js');
}
