import { expect, it } from 'vitest';
import { withoutEscapes } from '../../src/text/index.js';

it.each([
  ['a colour', 'a\u001b[1;31mred\u001b[0mb', 'aredb'],
  ['a colour of 8 bits', 'a\u009b31mb', 'ab'],
  ['a title', 'a\u001b]0;title\u0007b', 'ab'],
  ['a link', 'a\u001b]8;;https://example.com\u001b\\text\u001b]8;;\u001b\\b', 'atextb'],
  ['a device control string', 'a\u001bPq#0\u001b\\b', 'ab'],
  ['a character set, a saved cursor, a reset', 'a\u001b(B\u001b7\u001bcb', 'ab'],
  ['a cursor and a private mode', 'a\u001b[2J\u001b[?25l\u001b[10;20Hb', 'ab'],
  // What has no end hides nothing.
  ['a title without an end', 'a\u001b]0;title', 'a0;title'],
  ['a sequence without an end', 'a\u001b[31', 'a31'],
  ['an escape character alone', 'a\u001b', 'a\u001b'],
  ['nothing', 'a[31m] \u00e9\u{1f600}', 'a[31m] \u00e9\u{1f600}'],
])('escape sequences go: %s', (_, text, bare) => {
  expect(withoutEscapes(text)).toBe(bare);
});
