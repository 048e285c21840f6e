import { readFileSync } from 'node:fs';
import type { Environment } from './read-environment.js';

/**
 * A secret that has to be there: in the variable itself or in the file that `<name>_FILE` names. `what` says what it is.
 * @throws {Error} naming the variables when both are missing, or the file when it cannot be read or is empty
 */
export function readSecret(env: Environment, name: string, what: string): string {
  const secret = env[name] || readNamedFile(env, `${name}_FILE`);
  if (secret) return secret;
  throw new Error(`${name} is not set. Set ${name}_FILE to a file that holds ${what}, or ${name} to it.`);
}

/**
 * What the file that a variable names holds, without space around it; undefined where the variable is missing.
 * @throws {Error} naming the variable and the file when it cannot be read or is empty
 */
export function readNamedFile(env: Environment, name: string): string | undefined {
  const file = env[name];
  if (!file) return undefined;
  const text = contents(name, file).trim();
  if (text) return text;
  throw new Error(`${name}: ${file} is empty. Write into it what ${name} is for, or name another file.`);
}

function contents(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const hint = code === 'ENOENT' ? 'there is no such file' : `${code}: it must be a file that this account may read`;
    throw new Error(`${name}: ${file} cannot be read: ${hint}.`, { cause });
  }
}
