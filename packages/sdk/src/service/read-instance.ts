import { randomBytes } from 'node:crypto';
import type { Environment } from './read-environment.js';

/**
 * INSTANCE, which tells the processes of one service apart; a name of its own where it is missing. Under the name of before, a
 * process takes back at once what it had in hand when it died.
 * @throws {Error} naming INSTANCE where it cannot stand in a path of the API
 */
export function readInstance({ INSTANCE }: Environment, service: string): string {
  if (!INSTANCE) return `${service}-${process.pid}-${randomBytes(4).toString('hex')}`;
  if (/^[A-Za-z0-9][\w.-]{0,127}$/.test(INSTANCE) && !INSTANCE.includes('..')) return INSTANCE;
  throw new Error(
    'INSTANCE must be at most 128 letters, digits, "-", "_" and single ".", the first of them a letter or digit. Correct it or leave it out.',
  );
}
