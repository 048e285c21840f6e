import { expect, it } from 'vitest';
import { tojson } from '../../src/tojson.js';

it('writes what Jinja would', () => {
  expect(tojson('plain')).toBe('"plain"');
  expect(tojson('<b> & \'it\' "é" 🐱\n\u2028\u007f')).toBe(
    '"\\u003cb\\u003e \\u0026 \\u0027it\\u0027 \\"\\u00e9\\" \\ud83d\\udc31\\n\\u2028\\u007f"',
  );
  expect(tojson(['a', 1, true, null])).toBe('["a", 1, true, null]');
  expect(tojson({ b: 1, a: { c: [] } })).toBe('{"a": {"c": []}, "b": 1}');
});

it('gives back the same text when it is read', () => {
  const text = '</script>\u0024{x}`\\ \u0000\u001f\ufeff\ud83d\udc31';
  expect(JSON.parse(tojson(text))).toBe(text);
});
