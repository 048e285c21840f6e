import { Redactor } from '@codegen/sdk/text';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputTail, TAIL_BYTES } from '../../src/releases/output-tail.js';

test('A secret is replaced also where it is split over chunks', () => {
  const tail = new OutputTail(new Redactor(['swordfish']));
  for (const part of ['the word is swo', 'rdfi', 'sh, say it']) tail.write(Buffer.from(part));
  expect(tail.text()).toBe('the word is [redacted], say it');
});

test('No more than 16 KiB are kept, whole characters only', () => {
  const tail = new OutputTail(new Redactor());
  for (let count = 0; count < 3000; count += 1) tail.write(Buffer.from('äöü€ '));
  expect(Buffer.byteLength(tail.text())).toBeLessThanOrEqual(TAIL_BYTES);
  expect(tail.text()).not.toContain('\ufffd');
  expect(tail.text().endsWith('äöü€ ')).toBe(true);
});

test('However the output is cut into chunks, no secret is left in it', () => {
  const secrets = ['abaaba', 'bcabbc', 'cccccc'];
  const chunk = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
      const tail = new OutputTail(new Redactor(secrets));
      for (const part of chunks) tail.write(Buffer.from(part));
      for (const part of tail.text().split('[redacted]')) {
        for (const secret of secrets) expect(part).not.toContain(secret);
      }
    }),
  );
});

test('What a process writes can be stored: NUL and bytes that are no UTF-8 are replaced, a long line is cut', () => {
  const tail = new OutputTail(new Redactor());
  tail.write(
    Buffer.concat([
      Buffer.from('x'.repeat(2 ** 20)),
      Buffer.from([0x20, 0, 0xff, 0xed, 0xa0, 0x80, 0x20]),
      Buffer.from('end'),
    ]),
  );
  expect(tail.text()).toMatch(/^\[cut\] x+ \ufffd+ end$/);
});
