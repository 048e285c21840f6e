import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeApiKeySecret } from '@codegen/api';
import { type ServiceName, serviceNames } from '@codegen/contracts';
import { type Api, createApi } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';

/** A random secret in a 0600 file, made at its first use. */
export async function ensureSecretFile(path: string, make: () => string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return known.trim();
  const secret = make();
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secret;
}

/** A new key for every service. The API is started with their hashes. */
export function newServiceKeys(): Record<ServiceName, string> {
  return Object.fromEntries(serviceNames.map((name) => [name, makeApiKeySecret()])) as Record<ServiceName, string>;
}

/** The two keys of this machine's user: for daily work, and as an administrator. */
export type PersonRole = 'user' | 'admin';

const personKeys = {
  user: { field: 'key_id', name: 'CLI on this machine' },
  admin: { field: 'admin_key_id', name: 'admin CLI on this machine' },
} as const;

interface Person {
  user_id: string;
  key_id?: string;
  admin_key_id?: string;
}

/**
 * Returns a key for this machine's user, one user for the life of the data folder: the key that the CLI has, if it is valid,
 * so that other logins survive a restart; else a new one. Then the last one is revoked, unless it has made other keys,
 * which would end with it. The folder stores ids only.
 */
export async function issuePersonKey(
  admin: Api,
  apiUrl: string,
  runFolder: string,
  { role, kept }: { role: PersonRole; kept: string | undefined },
): Promise<string> {
  const { field, name } = personKeys[role];
  const path = join(runFolder, 'person.json');
  // A power cut may damage the file; then treat it as missing.
  const known = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as Person)
    .catch(() => undefined);
  const last = known?.[field];
  if (kept && last && (await keyIdOf(apiUrl, kept)) === last) return kept;
  const userId = known?.user_id ?? (await admin.users.create({ name: 'local' })).id;
  const { key, secret } = await admin.keys.create({ name, user_id: userId, role });
  const person: Person = { ...known, user_id: userId, [field]: key.id };
  await writeFile(`${path}.new`, JSON.stringify(person), { mode: 0o600 });
  await rename(`${path}.new`, path);
  if (last && !(await hasMadeKeys(admin, last))) await admin.keys.revoke(last);
  return secret;
}

/** Whether a key has made other keys that are still valid. */
async function hasMadeKeys(admin: Api, id: string): Promise<boolean> {
  for await (const key of admin.keys.list({ state: 'valid', limit: 500 })) if (key.created_by === id) return true;
  return false;
}

/** The id of a secret's key; undefined if the key is not valid. */
async function keyIdOf(apiUrl: string, secret: string): Promise<string | undefined> {
  try {
    return (await createApi({ apiUrl, token: secret }).whoami()).key.id;
  } catch (error) {
    if (isOrchestratorError(error) && (error.code === 'UNAUTHENTICATED' || error.code === 'USAGE')) return undefined;
    throw error;
  }
}
