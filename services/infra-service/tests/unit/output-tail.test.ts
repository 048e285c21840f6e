import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputTail, redact, TAIL_BYTES } from '../../src/releases/output-tail.js';

test('A secret is replaced also where it is split over chunks', () => {
  const tail = new OutputTail(['swordfish']);
  for (const part of ['the word is swo', 'rdfi', 'sh, say it']) tail.write(Buffer.from(part));
  expect(tail.text()).toBe('the word is [redacted], say it');
});

test('A secret is replaced inside JSON and inside a URL', () => {
  const secret = 'a"b c/d';
  expect(redact(`${JSON.stringify({ secret })} ?q=${encodeURIComponent(secret)}`, [secret])).toBe(
    '{"secret":"[redacted]"} ?q=[redacted]',
  );
});

test('Of secrets that contain each other the longer one is replaced', () => {
  expect(redact('key key-and-more', ['key', 'key-and-more'])).toBe('[redacted] [redacted]');
});

test('An empty secret replaces nothing, a lone surrogate breaks nothing', () => {
  expect(redact('text', ['', '\ud800'])).toBe('text');
});

test('No more than 16 KiB are kept, whole characters only', () => {
  const tail = new OutputTail([]);
  for (let count = 0; count < 3000; count += 1) tail.write(Buffer.from('äöü€ '));
  expect(Buffer.byteLength(tail.text())).toBeLessThanOrEqual(TAIL_BYTES);
  expect(tail.text()).not.toContain('\ufffd');
  expect(tail.text().endsWith('äöü€ ')).toBe(true);
});

test('However the output is cut into chunks, no secret is left in it', () => {
  const secrets = ['aba', 'bcab', 'cc'];
  const chunk = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
      const tail = new OutputTail(secrets);
      for (const part of chunks) tail.write(Buffer.from(part));
      for (const part of tail.text().split('[redacted]')) {
        for (const secret of secrets) expect(part).not.toContain(secret);
      }
    }),
  );
});
