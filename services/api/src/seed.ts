import { identifier, type ServiceName, serviceNames } from '@codegen/contracts';
import { z } from 'zod';
import { hashSecret, prefixOf } from './auth.js';
import { orderedServer } from './store/servers.js';

const keyHash = z.strictObject({
  prefix: z.string().regex(/^[0-9a-f]{8}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const seed = z.strictObject({
  /** The key of each service, which the service alone holds: its prefix, and the hash of its secret. */
  service_keys: z.partialRecord(z.enum(serviceNames), keyHash).optional(),
  /** Servers by their handles. */
  servers: z.record(identifier, orderedServer).optional(),
});

/** What has to be there before the first service starts, made by somebody who reaches no API: keys and servers. */
export type Seed = z.input<typeof seed>;

/** What a seed holds of a key. @throws where the secret is none */
export function seedKeyOf(secret: string): z.infer<typeof keyHash> {
  const prefix = prefixOf(secret);
  if (!prefix) throw new TypeError('this is not the secret of an API key');
  return { prefix, sha256: hashSecret(secret) };
}

/** The seeds of keys that the services hold. */
export function seedKeysOf(secrets: Record<ServiceName, string>): Seed['service_keys'] {
  return Object.fromEntries(serviceNames.map((name) => [name, seedKeyOf(secrets[name])]));
}

/** @throws {Error} naming the variable, and what in the file does not fit */
export function parseSeed(text: string, variable: string): Seed {
  const parsed = seed.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw new Error(`${variable} names a file that is no seed: ${told.join('; ')}. Correct it or leave ${variable} out.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
