import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVault, parseMasterKey } from '../../src/vault.js';

const key = randomBytes(32);

test('a sealed value opens in its place, with its key, unchanged', () => {
  const vault = createVault(key);
  const sealed = vault.seal('hunter2 ☃', 'secret/p/A');
  expect(vault.open(sealed, 'secret/p/A')).toBe('hunter2 ☃');
  expect(createVault(key).open(sealed, 'secret/p/A')).toBe('hunter2 ☃');
  expect(sealed.includes('hunter2')).toBe(false);
});

test('it opens nowhere else, with no other key, and with no bit changed', () => {
  const vault = createVault(key);
  const sealed = vault.seal('value', 'here');
  expect(() => vault.open(sealed, 'there')).toThrow();
  expect(() => createVault(randomBytes(32)).open(sealed, 'here')).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => vault.open(changed, 'here')).toThrow();
  }
  // A shortened tag would be easier to forge.
  expect(() => vault.open(sealed.subarray(0, 20), 'here')).toThrow();
});

test('the same value sealed twice looks different, and its fingerprint the same', () => {
  const vault = createVault(key);
  expect(vault.seal('a', 'p').equals(vault.seal('a', 'p'))).toBe(false);
  expect(vault.fingerprint('a')).toBe(vault.fingerprint('a'));
  expect(vault.fingerprint('a')).not.toBe(createVault(randomBytes(32)).fingerprint('a'));
});

test('a master key is 32 bytes in hex or base64', () => {
  for (const text of [key.toString('hex'), `${key.toString('base64')}\n`]) {
    expect(parseMasterKey(text, 'VAULT_KEY').equals(key)).toBe(true);
  }
  for (const text of ['', 'short', key.subarray(1).toString('hex')]) {
    expect(() => parseMasterKey(text, 'VAULT_KEY')).toThrow(/VAULT_KEY must be 32 bytes/);
  }
});
