import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiKeyRole } from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';
import type { DataFolder } from './data-folder.js';

/** What each part of the system may do, and no more. */
const scopes = {
  langgraph: [
    'project.get',
    'project.report',
    'task.get',
    'task.list',
    'task.claim',
    'task.transition',
    'event.write',
    'allocation.write',
    'deployment.write',
    'secret.list',
  ],
  scaffolder: ['project.get', 'project.report', 'task.get'],
  'worker-manager': ['secret.resolve'],
  'infra-service': ['project.get', 'secret.resolve'],
  scheduler: ['outbox.read', 'task.published'],
} as const;

/** The services that have a key of their own. */
export type KeyedService = keyof typeof scopes;

/** A random secret in a 0600 file, made on first use. */
export async function ensureSecretFile(path: string, make: () => string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return known.trim();
  const secret = make();
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secret;
}

/** A secret in the form of an API key. */
export function newApiSecret(): string {
  return `cgk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('base64url')}`;
}

/** Gives every service and the person at this machine a key, each in its own 0600 file in `keys/`. */
export async function ensureKeys(
  folder: DataFolder,
  apiUrl: string,
  adminToken: string,
): Promise<{ services: Record<KeyedService, string>; person: string }> {
  const admin = createApi({ apiUrl, token: adminToken });
  const ensure = async (name: string, role: ApiKeyRole, wanted: readonly string[], userId?: () => Promise<string>) => {
    const path = join(folder.keys, name);
    const known = await readFile(path, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
    if (known && (await isValid(apiUrl, known))) return known;
    const user_id = await userId?.();
    const { secret } = await admin.keys.create({ name, role, scopes: [...wanted], ...(user_id && { user_id }) });
    await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
    return secret;
  };
  const names = Object.keys(scopes) as KeyedService[];
  const services = await Promise.all(
    names.map(async (name) => [name, await ensure(name, 'service', scopes[name])] as const),
  );
  const person = await ensure('person', 'user', ['*'], async () => (await admin.users.create({ name: 'local' })).id);
  return { services: Object.fromEntries(services) as Record<KeyedService, string>, person };
}

async function isValid(apiUrl: string, token: string): Promise<boolean> {
  try {
    await createApi({ apiUrl, token }).whoami();
    return true;
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'UNAUTHENTICATED') return false;
    throw error;
  }
}
