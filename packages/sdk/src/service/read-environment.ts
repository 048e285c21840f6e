import { messageOf } from '../text/error-text.js';
import { ownInstance } from './service-kit.js';

/** Variables as a process gets them; an empty one counts as missing. */
export type Environment = Readonly<Record<string, string | undefined>>;

// No reader repeats a value: an address may hold a password, and a secret may stand in the wrong variable.

/**
 * Reads all settings, so that whoever starts a service hears at once of everything that is missing or wrong.
 * @throws {AggregateError} of what the readers throw; of those that read several, one by one
 */
export function readAll<R extends Record<string, () => unknown>>(
  readers: R,
): { [Name in keyof R]: ReturnType<R[Name]> } {
  const errors: unknown[] = [];
  const values = Object.entries(readers).map(([name, read]) => {
    try {
      return [name, read()];
    } catch (error) {
      errors.push(...(error instanceof AggregateError ? error.errors : [error]));
      return [name, undefined];
    }
  });
  if (errors.length > 0) throw new AggregateError(errors, errors.map((error) => messageOf(error)).join('\n'));
  return Object.fromEntries(values) as { [Name in keyof R]: ReturnType<R[Name]> };
}

/** A reader of what comes later, for `readAll`. */
export async function readLater<T>(coming: T | Promise<T>): Promise<() => T> {
  const [outcome] = await Promise.allSettled([coming]);
  return () => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };
}

/** The longest that timers take, in milliseconds: about 24 days. */
const MAX_WHOLE_NUMBER = 2_147_483_647;

/**
 * A text that has to be there. `what` completes "Set it to …".
 * @throws {Error} naming the variable when it is missing
 */
export function readText(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name} is not set. Set it to ${what}.`);
}

/**
 * An address that has to be there, with one of these schemes (`http`, without a colon).
 * @throws {Error} naming the variable when it is missing or no such URL
 */
export function readUrl(env: Environment, name: string, schemes: readonly string[], what: string): string {
  const value = readText(env, name, what);
  if (URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1))) return value;
  const begins = schemes.map((scheme) => `${scheme}:`).join(' or ');
  throw new Error(`${name} is not a URL that begins with ${begins}. Set it to ${what}.`);
}

/**
 * A whole number within a range, both ends included; `fallback` where it is missing.
 * @throws {Error} naming the variable when it is something else
 */
export function readWholeNumber(
  env: Environment,
  name: string,
  range: { min: number; max?: number; fallback: number },
): number;
export function readWholeNumber(
  env: Environment,
  name: string,
  range: { min: number; max?: number },
): number | undefined;
export function readWholeNumber(
  env: Environment,
  name: string,
  { min, max = MAX_WHOLE_NUMBER, fallback }: { min: number; max?: number; fallback?: number },
): number | undefined {
  const text = env[name];
  if (!text) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name} must be a whole number from ${min} to ${max}. Correct it or leave it out.`);
}

/**
 * One of some words; `fallback` where it is missing.
 * @throws {Error} naming the variable and the words when it is something else
 */
export function readChoice<C extends string>(env: Environment, name: string, choices: readonly C[], fallback: C): C {
  const value = env[name] || fallback;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new Error(`${name} must be one of ${choices.join(', ')}. Correct it or leave it out for ${fallback}.`);
}

/**
 * HEALTH_PORT and HEALTH_HOST: where a service tells how it is; undefined without a port.
 * @throws {Error} naming the variable that is wrong
 */
export function readHealth(env: Environment): { host: string; port: number } | undefined {
  const port = readWholeNumber(env, 'HEALTH_PORT', { min: 0, max: 65_535 });
  return port === undefined ? undefined : { host: env.HEALTH_HOST || '127.0.0.1', port };
}

/**
 * INSTANCE, which tells the processes of one service apart; a name of its own where it is missing. Under the name of before, a
 * process takes back at once what it had in hand when it died.
 * @throws {Error} naming INSTANCE where it cannot stand in a path of the API
 */
export function readInstance({ INSTANCE }: Environment, service: string): string {
  if (!INSTANCE) return ownInstance(service);
  if (/^[A-Za-z0-9][\w.-]{0,127}$/.test(INSTANCE) && !INSTANCE.includes('..')) return INSTANCE;
  throw new Error(
    'INSTANCE must be at most 128 letters, digits, "-", "_" and single ".", the first of them a letter or digit. Correct it or leave it out.',
  );
}
