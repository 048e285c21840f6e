import { Redactor, textOf, withoutPatterns } from '@codegen/sdk/text';
import { describe, expect, it } from 'vitest';

const SECRET = 'hunter2/pä+ss "word" <a&b>';
const bytes = Buffer.from(SECRET);
const R = '[redacted]';

/** A secret as it is commonly written, by what writes it so. */
const FORMS: Record<string, string> = {
  'as it is': SECRET,
  'JSON.stringify': JSON.stringify(SECRET).slice(1, -1),
  'json.dumps of Python': JSON.stringify(SECRET).slice(1, -1).replace('ä', '\\u00e4'),
  'JSON within JSON': JSON.stringify(JSON.stringify(SECRET)).slice(3, -3),
  base64: bytes.toString('base64'),
  'base64 without padding': bytes.toString('base64').replaceAll('=', ''),
  'base64 for URLs': bytes.toString('base64url'),
  hex: bytes.toString('hex'),
  HEX: bytes.toString('hex').toUpperCase(),
  encodeURIComponent: encodeURIComponent(SECRET),
  'encodeURIComponent in lower case': encodeURIComponent(SECRET).replace(/%../g, (byte) => byte.toLowerCase()),
  URLSearchParams: new URLSearchParams({ a: SECRET }).toString().slice(2),
  'quote of Python': encodeURIComponent(SECRET).replaceAll('%2F', '/'),
  HTML: 'hunter2/pä+ss &quot;word&quot; &lt;a&amp;b&gt;',
};

/** As libraries for JSON and HTML write a secret that escape more than they need to. */
const SIGNS = `a/b+c=d&e<f>g'h"i\`é`;
const SIGNS_FORMS: Record<string, string> = {
  'encoding/json of Go': `a/b+c=d\\u0026e\\u003cf\\u003eg'h\\"i\`é`,
  'json_encode of PHP': `a\\/b+c=d&e<f>g'h\\"i\`\\u00e9`,
  'Gson of Java': `a/b+c\\u003dd\\u0026e\\u003cf\\u003eg\\u0027h\\"i\`é`,
  'System.Text.Json of .NET': 'a/b\\u002Bc=d\\u0026e\\u003Cf\\u003Eg\\u0027h\\u0022i\\u0060\\u00E9',
  'html/template of Go': `a/b+c=d&amp;e&lt;f&gt;g&#39;h&#34;i\`é`,
  'templates of Mustache': `a&#x2F;b+c&#x3D;d&amp;e&lt;f&gt;g&#39;h&quot;i&#x60;é`,
  'XML of Python and Java': `a/b+c=d&amp;e&lt;f&gt;g&apos;h&quot;i\`é`,
  'printf %q of a shell': `a/b+c=d\\&e\\<f\\>g\\'h\\"i\\\`é`,
};

/** A secret with signs that shells and languages put a backslash before, as each of them writes it. */
const QUOTED = 'it\'s "5\\$" `x`\tend';
const QUOTED_FORMS: Record<string, string> = {
  'set -x of a shell': `it'\\''s "5\\$" \`x\`\tend`,
  'export -p of a shell': 'it\'s \\"5\\\\\\$\\" \\`x\\`\tend',
  'repr of Python': 'it\\\'s "5\\\\$" `x`\\tend',
  'inspect of Node.js': 'it\'s "5\\\\$" `x`\\tend',
};

describe('Redactor', () => {
  it.each(Object.entries(FORMS))('takes out a secret %s', (_, form) => {
    expect(new Redactor([SECRET]).clean(`before ${form} after`)).toBe(`before ${R} after`);
  });

  it.each(Object.entries(QUOTED_FORMS))('takes out a secret as by %s', (_, form) => {
    expect(new Redactor([QUOTED]).clean(`before ${form} after`)).toBe(`before ${R} after`);
  });

  it.each(Object.entries(SIGNS_FORMS))('takes out a secret as by %s', (_, form) => {
    expect(new Redactor([SIGNS]).clean(`before ${form} after`)).toBe(`before ${R} after`);
  });

  it('takes out a secret over the line breaks and colours that a program put into it', () => {
    const redactor = new Redactor([SECRET]);
    const around = Buffer.from(`NAME=value\nOTHER=1\nTOKEN=${SECRET}\nLAST=${'x'.repeat(80)}`);
    for (let width = 4; width < 80; width += 1) {
      for (const encoding of ['base64', 'hex'] as const) {
        const lines = (around.toString(encoding).match(new RegExp(`.{1,${width}}`, 'g')) as string[]).join('\r\n');
        const clean = redactor.clean(lines);
        expect(clean, `${encoding} at ${width}`).toContain(R);
        const shown = Buffer.from(clean.replaceAll(/\r\n|\[redacted\]/g, ''), encoding).toString('latin1');
        expect(shown).not.toMatch(/unter|word/);
      }
    }
    expect(redactor.clean('a hunter2/\u001b[1;31mpä+ss\u001b[0m "word" <a&b> b')).toBe(`a ${R} b`);
    const [line] = Buffer.from('k'.repeat(50)).toString('hex').match(/.{60}/) as RegExpMatchArray;
    expect(new Redactor(['k'.repeat(50)]).clean(line)).toBe(R);
  });

  it('takes out base64 of a text with the secret in it, at each alignment', () => {
    for (const before of ['', 'u', 'us', 'use', 'user:']) {
      for (const after of ['', ':', '\n', 'more']) {
        const clean = new Redactor([SECRET]).clean(Buffer.from(before + SECRET + after).toString('base64'));
        const shown = Buffer.from(clean.replace(R, ''), 'base64').toString();
        expect(clean).toContain(R);
        for (const piece of ['unter', 'word', 'a&b']) expect(shown).not.toContain(piece);
      }
    }
  });

  it('takes out the lines of a secret of several, and of its base64', () => {
    const key = `-----BEGIN KEY-----\r\n${'Zm9vYmFyYmF6'.repeat(9)}\n  indented line\nshort\n-----END KEY-----`;
    const redactor = new Redactor([key]);
    for (const line of key.split('\n')) {
      if (line !== 'short') expect(redactor.clean(`> ${line.trim()}`)).toBe(`> ${R}`);
    }
    const base64 = Buffer.from(key).toString('base64');
    for (const width of [64, 76]) {
      const lines = base64.match(new RegExp(`.{1,${width}}`, 'g')) as string[];
      for (const line of lines.filter(({ length }) => length >= 6)) expect(redactor.clean(line)).toBe(R);
    }
  });

  it('takes out the password of a URL that is a secret, as it is written there and as it is meant', () => {
    const redactor = new Redactor(['redis://user:p%40ssword@host:6379/0']);
    expect(redactor.clean('p%40ssword p@ssword')).toBe(`${R} ${R}`);
  });

  it('takes out secrets that overlap, touch, or begin alike', () => {
    expect(new Redactor(['abcdefgh', 'efghijkl']).clean('-abcdefghijkl-')).toBe(`-${R}-`);
    expect(new Redactor(['abcdefgh', 'ijklmnop']).clean('-abcdefghijklmnop-')).toBe(`-${R}-`);
    expect(new Redactor(['abcdef', 'abcdefgh']).clean('abcdefgh abcdefg')).toBe(`${R} ${R}g`);
    expect(new Redactor(['aaaaaab']).clean('aaaaaaaaab aaaaaa')).toBe(`aaa${R} aaaaaa`);
  });

  it('leaves alone what is shorter than 6 characters, and what is no secret', () => {
    expect(new Redactor(['abcde', '', undefined]).clean('abcde')).toBe('abcde');
    expect(new Redactor([SECRET]).clean('hunter2 is a cat')).toBe('hunter2 is a cat');
  });

  it('takes out a secret that comes in two or more chunks, and tells at once what cannot be one', () => {
    const broken = `${SECRET.slice(0, 9)}\n\u001b[31m${SECRET.slice(9)}\u001b[0m`;
    const text = `one ${SECRET} two ${bytes.toString('hex')} ${broken} three redis://u:pw@h four cgk_abc_def five`;
    const clean = new Redactor([SECRET]).clean(text);
    for (let size = 1; size < 40; size += 1) {
      const stream = new Redactor([SECRET]).stream();
      let shown = '';
      for (let at = 0; at < text.length; at += size) shown += stream.write(text.slice(at, at + size));
      expect(shown + stream.rest()).toBe(clean);
    }
    expect(new Redactor([SECRET]).stream().write('nothing like it \n')).toBe('nothing like it \n');
  });

  it('takes out secrets of every text of a document', () => {
    const clean = new Redactor([SECRET]).cleanAll({ a: [SECRET, 7, null], [SECRET]: { b: `x${SECRET}` } });
    expect(clean).toEqual({ a: [R, 7, null], [R]: { b: `x${R}` } });
  });

  it('takes time by the text, not by the secrets', () => {
    const secrets = Array.from({ length: 100 }, (_, i) => `${'k'.repeat(20)}${i}-${'ä/'.repeat(20)}`);
    const redactor = new Redactor(secrets);
    const timeOf = (work: () => unknown) => {
      const started = performance.now();
      work();
      return performance.now() - started;
    };
    for (const unit of [
      'k',
      'k\n',
      '6b',
      'a2',
      '\u001b[',
      '\u001b[31mk',
      'lorem ipsum ',
      '%C3%A4',
      `${'k'.repeat(20)}9`,
    ]) {
      const text = unit.repeat(2 ** 20 / unit.length);
      const plain = Math.min(...[1, 2, 3].map(() => timeOf(() => scan(text))));
      const took = Math.min(...[1, 2, 3].map(() => timeOf(() => redactor.clean(text))));
      expect(took / plain, unit).toBeLessThan(150);
    }
  });
});

function scan(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) === 10) count += 1;
  return count;
}

describe('withoutPatterns', () => {
  it('takes out passwords and tokens within URLs, and API keys', () => {
    expect(withoutPatterns('redis://u:pa@ss@h/0 "postgres://:x@h" https://ghp_0123456789abcdefghij@github.com/a')).toBe(
      `redis://u:${R}@h/0 "postgres://:${R}@h" https://${R}@github.com/a`,
    );
    expect(withoutPatterns('key cgk_abc_d-e_f.')).toBe(`key ${R}.`);
  });

  it('leaves other URLs alone', () => {
    const text = 'ssh://git@github.com:22/a https://host:80/a:b@c ://a:b@c https://a.b?x=c:d@e http://u:@h git@h:a';
    expect(withoutPatterns(text)).toBe(text);
  });
});

describe('textOf', () => {
  it('never shows a part of a password that reaches over the limit', () => {
    for (let before = 3900; before < 4010; before += 7) {
      const text = textOf(new Error(`${'x'.repeat(before)} redis://u:${'hunter'.repeat(9)}@h ${'y'.repeat(5000)}`));
      expect(text.length).toBeLessThanOrEqual(4000);
      expect(text).not.toContain('hunt');
      expect(text).toMatch(/\[cut\]$/);
    }
  });

  it('is text that a database can hold, whatever was thrown', () => {
    expect(textOf(new Error('panic: \u0000 \ud800'))).toBe('panic: \ufffd \ufffd');
    expect(textOf(Object.create(null))).toBe('an error without a text');
  });
});
