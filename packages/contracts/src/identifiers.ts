import { z } from 'zod';

/** A project name: unique per owner, valid as a host name and, with `_` for `-`, in Ansible. */
export const projectName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,38}$/, { error: 'must be 2 to 39 of a-z, 0-9 and -, starting with a letter' });

const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** An identifier that is safe in a path or on a command line: no `..`, `?`, `#`, `%`, slash or control character. */
export const identifier = z
  .string()
  .refine((text) => ID_PATTERN.test(text) && !text.includes('..'), { error: 'is not an identifier' });

/** Creates an id: a prefix and a UUIDv7 in hex, so that ids sort by creation time. Contains no colon. */
export function makeId(prefix: 'proj' | 'task' | 'user' | 'key' | 'dep' | 'alloc', nowMs = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let rest = nowMs;
  for (let i = 5; i >= 0; i -= 1) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `${prefix}_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
