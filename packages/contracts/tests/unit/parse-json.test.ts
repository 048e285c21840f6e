import { expect, test } from 'vitest';
import { parseJson } from '../../src/index.js';

test('JSON text becomes its value', () => {
  expect(parseJson(' {"a":[1,null]}\r')).toEqual({ ok: true, value: { a: [1, null] } });
});

test.each([
  ['{"a": hunter2}', "Unexpected token 'h'"],
  [`{"a": ${'x'.repeat(50)}hunter2}`, "Unexpected token 'x'"],
  ['hunter2', "Unexpected token 'h'"],
  ["', 'hunter2, ", "Unexpected token '''"],
  ['["hunter2" "hunter2", ""', "Expected ',' or ']' after array element in JSON at position 11"],
  ['"hunter2', 'Unterminated string in JSON at position 8'],
  ['NaN', 'Unexpected text'],
  ['', 'Unexpected end of JSON input'],
])('the error for %s does not quote the text', (text, fault) => {
  const parsed = parseJson(text);
  // Later versions of Node add the line and the column.
  expect(parsed).toMatchObject({ ok: false, error: expect.stringContaining(fault) });
  expect(JSON.stringify(parsed)).not.toContain('unter2');
});
