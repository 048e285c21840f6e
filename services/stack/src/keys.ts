import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeApiKeySecret } from '@codegen/api';
import { type ServiceName, serviceNames } from '@codegen/contracts';
import { type Api, createApi } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';

/** A random secret in a 0600 file, made on first use. */
export async function ensureSecretFile(path: string, make: () => string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return known.trim();
  const secret = make();
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secret;
}

/** A new key for every service. Whoever starts the API gives it their hashes. */
export function newServiceKeys(): Record<ServiceName, string> {
  return Object.fromEntries(serviceNames.map((name) => [name, makeApiKeySecret()])) as Record<ServiceName, string>;
}

/** The keys of the person at this machine: for the daily work, and for what takes an administrator. */
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
 * A key of the person at this machine, one user for the life of the data folder: the one that the CLI has kept, as
 * long as it is good, so that other logins go on working after a new start; else a new one. The last is revoked then, unless
 * it has made keys, which would end with it. The folder keeps ids only.
 */
export async function issuePersonKey(
  admin: Api,
  apiUrl: string,
  runFolder: string,
  { role, kept }: { role: PersonRole; kept: string | undefined },
): Promise<string> {
  const { field, name } = personKeys[role];
  const path = join(runFolder, 'person.json');
  // A damaged file is as good as none: a power cut may leave one.
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

/** Whether keys that are good were made with this one. */
async function hasMadeKeys(admin: Api, id: string): Promise<boolean> {
  for await (const key of admin.keys.list({ state: 'valid', limit: 500 })) if (key.created_by === id) return true;
  return false;
}

/** Whose secret it is; undefined where it is none, or none that is good any more. */
async function keyIdOf(apiUrl: string, secret: string): Promise<string | undefined> {
  try {
    return (await createApi({ apiUrl, token: secret }).whoami()).key.id;
  } catch (error) {
    if (isOrchestratorError(error) && (error.code === 'UNAUTHENTICATED' || error.code === 'USAGE')) return undefined;
    throw error;
  }
}
