import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Transaction } from 'kysely';
import type { Database } from './database/schema.js';

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals values under the master key. What was sealed for one place cannot be opened in another. */
export interface Vault {
  seal(value: string, place: string): Buffer;
  /** @throws {Error} where the value was changed, moved, or sealed under another key */
  open(sealed: Buffer, place: string): string;
  /** A fingerprint that cannot be guessed at without the master key. */
  fingerprint(value: string | Buffer): string;
}

/** AES-256-GCM with a random nonce and the place as additional data. */
export function createVault(masterKey: Buffer): Vault {
  if (masterKey.length !== 32) throw new Error(`the master key must have 32 bytes, not ${masterKey.length}`);
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', masterKey, '', `codegen-api ${use}`, 32));
  const sealing = derive('seal');
  const printing = derive('fingerprint');
  return {
    seal(value, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([FORMAT]), nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, place) {
      if (sealed[0] !== FORMAT) throw new Error(`a sealed value of format ${sealed[0]} cannot be opened`);
      const tagAt = 1 + NONCE_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', sealing, sealed.subarray(1, tagAt), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(tagAt, tagAt + TAG_BYTES));
      const text = [decipher.update(sealed.subarray(tagAt + TAG_BYTES)), decipher.final()];
      return Buffer.concat(text).toString('utf8');
    },
    fingerprint: (value) => createHmac('sha256', printing).update(value).digest('hex'),
  };
}

/** Reads a master key written as 64 hex digits or as base64 of 32 bytes. `source` names where it comes from. */
export function parseMasterKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if (key.length === 32) return key;
  throw new Error(`${source} must be 32 bytes as hex or base64. Try: openssl rand -hex 32`);
}

/** The master key of a file; makes the file, for its owner only, where there is none. */
export async function readMasterKeyFile(file: string): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${randomBytes(32).toString('hex')}\n`;
  await writeFile(file, fresh, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return parseMasterKey(await readFile(file, 'utf8'), file);
}

/** Notes at the first boot what this key seals, and at every later one that it is still the same key. */
export async function checkVault(trx: Transaction<Database>, vault: Vault): Promise<void> {
  const place = 'settings/vault_check';
  const row = await trx.selectFrom('settings').select('value').where('name', '=', 'vault_check').executeTakeFirst();
  if (!row) {
    await trx
      .insertInto('settings')
      .values({ name: 'vault_check', value: vault.seal('ok', place) })
      .execute();
    return;
  }
  try {
    vault.open(row.value, place);
  } catch (error) {
    throw new Error('the master key is not the one this database was sealed with: put the old key back', {
      cause: error,
    });
  }
}
