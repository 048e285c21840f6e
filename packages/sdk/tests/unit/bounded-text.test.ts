import { boundedText, storable } from '@codegen/sdk/text';
import { describe, expect, it } from 'vitest';

describe('boundedText', () => {
  it('replaces what no database can hold, and nothing else', () => {
    expect(boundedText('a\u0000b\ud800c\udc00d', { maxBytes: 100 })).toBe('a\ufffdb\ufffdc\ufffdd');
    expect(boundedText(Buffer.from([0x61, 0xff, 0xc3, 0x28]), { maxBytes: 100 })).toBe('a\ufffd\ufffd(');
    const kept = '\ufffe \uffff \u001b[31m é 😀 \r\n\t';
    expect(boundedText(kept, { maxBytes: 100 })).toBe(kept);
  });

  it('cuts a long text between two characters and says so, at either end', () => {
    for (const character of ['a', 'é', '€', '😀', '\ud800', '\u0000']) {
      const text = character.repeat(2000);
      for (let maxBytes = 90; maxBytes < 100; maxBytes += 1) {
        for (const outside of [text, Buffer.from(text)]) {
          const start = boundedText(outside, { maxBytes });
          const end = boundedText(outside, { maxBytes, keep: 'end' });
          for (const cut of [start, end]) {
            expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
            expect(Buffer.byteLength(cut)).toBeGreaterThan(maxBytes - 12);
            expect(cut).not.toMatch(/\p{Surrogate}/u);
            if (character > '\u0000' && character !== '\ud800') expect(cut).not.toContain('\ufffd');
          }
          expect(start).toMatch(/ \[cut\]$/);
          expect(end).toMatch(/^\[cut\] /);
        }
      }
    }
  });

  it('keeps a text whole that fits', () => {
    for (const text of ['é'.repeat(50), '😀'.repeat(25), 'a'.repeat(100)]) {
      expect(boundedText(text, { maxBytes: 100 })).toBe(text);
      expect(boundedText(Buffer.from(text), { maxBytes: 100, keep: 'end' })).toBe(text);
    }
  });
});

describe('storable', () => {
  it('mends names and texts of a document at any depth, and gives back the same where nothing is wrong', () => {
    expect(storable({ 'a\u0000': [{ b: '\ud800' }], c: 1, d: null })).toEqual({
      'a\ufffd': [{ b: '\ufffd' }],
      c: 1,
      d: null,
    });
    const fine = { a: ['b', { c: 'd' }], date: new Date(0) };
    expect(storable(fine)).toBe(fine);
  });
});
