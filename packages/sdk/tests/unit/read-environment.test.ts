import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readApi,
  readChoice,
  readNamedFile,
  readRedisUrl,
  readSecret,
  readText,
  readUrl,
  readWholeNumber,
} from '../../src/service/index.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codegen-environment-'));
  writeFileSync(join(folder, 'token'), ' cgk_file\n');
  writeFileSync(join(folder, 'empty'), '\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a text', () => {
  it('is given as it is', () => expect(readText({ A: ' x ' }, 'A', 'a word')).toBe(' x '));

  it.each([{}, { A: '' }, { A: undefined }])('that is missing is named with what to do: %j', (env) => {
    expect(() => readText(env, 'A', 'a word')).toThrow('A is not set. Set it to a word.');
  });
});

describe('an address', () => {
  const read = (value: string) => readUrl({ A: value }, 'A', ['http', 'https'], 'the API');

  it('of the right scheme is given', () => expect(read('https://api:8000/v1')).toBe('https://api:8000/v1'));

  it.each(['hunter2', 'ftp://u:hunter2@host', 'http//hunter2', 'httpsx://hunter2'])(
    'is refused without being repeated: %s',
    (value) => {
      expect(() => read(value)).toThrow(
        /^(?!.*hunter2)A is not a URL that begins with http: or https:\. Set it to the API\.$/,
      );
    },
  );
});

describe('REDIS_URL', () => {
  it.each([
    'redis://:pw@h:1/2',
    'rediss://h',
    'unix:///run/redis.sock',
    '/run/redis.sock',
    'redis+sentinel://:pw@a:1,b:2/main/1',
  ])('may be %s', (value) => {
    expect(readRedisUrl({ REDIS_URL: value })).toBe(value);
  });

  it.each(['', 'http://:hunter2@h', 'h:6379', 'redis+cluster://:hunter2@h:6379'])('is named when it is %j', (value) => {
    expect(() => readRedisUrl({ REDIS_URL: value })).toThrow(/^REDIS_URL (?!.*hunter2).*redis:\/\/127\.0\.0\.1:6379/);
  });
});

describe('a secret', () => {
  it('comes from the variable', () => expect(readSecret({ KEY: 'cgk_x' }, 'KEY', 'a key')).toBe('cgk_x'));

  it('comes from the file, without space around it', () => {
    expect(readSecret({ KEY_FILE: join(folder, 'token') }, 'KEY', 'a key')).toBe('cgk_file');
  });

  it('that is missing is named, with both ways to set it', () => {
    expect(() => readSecret({}, 'KEY', 'a key')).toThrow(
      'KEY is not set. Set KEY_FILE to a file that holds a key, or KEY to it.',
    );
  });

  it('need not be there where only a file may hold it', () => expect(readNamedFile({}, 'KEY_FILE')).toBeUndefined());

  it.each([
    ['missing', /^KEY_FILE: \S+\/missing cannot be read: there is no such file/],
    ['.', /^KEY_FILE: \S+ cannot be read: EISDIR/],
    ['empty', /^KEY_FILE: \S+\/empty is empty/],
  ])('in a file that is no use names the variable and the file: %s', (name, message) => {
    expect(() => readSecret({ KEY_FILE: join(folder, name) }, 'KEY', 'a key')).toThrow(message);
  });
});

describe('the API', () => {
  const env = { API_URL: 'http://api', API_TOKEN: 'cgk_x' };

  it('is an address and a key', () => expect(readApi(env)).toEqual({ url: 'http://api', token: 'cgk_x' }));

  it.each(['API_URL', 'API_TOKEN'])('is refused without %s', (name) => {
    expect(() => readApi({ ...env, [name]: '' })).toThrow(new RegExp(`^${name} is not set`));
  });
});

describe('a whole number', () => {
  const read = (value: string) => readWholeNumber({ N: value }, 'N', { min: 1, max: 10 });

  it('may be at either end of its range', () => expect([read('1'), read('10')]).toEqual([1, 10]));

  it.each(['0', '11', '-1', '1.5', '1e0', ' ', 'hunter2'])('is refused without being repeated: %j', (value) => {
    expect(() => read(value)).toThrow('N must be a whole number from 1 to 10. Correct it or leave it out.');
  });

  it('that is missing is the fallback, or undefined', () => {
    expect(readWholeNumber({ N: '' }, 'N', { min: 1, fallback: 5 })).toBe(5);
    expect(readWholeNumber({}, 'N', { min: 1 })).toBeUndefined();
  });

  it('is at most what a timer takes', () => {
    expect(readWholeNumber({ N: '2147483647' }, 'N', { min: 1 })).toBe(2_147_483_647);
    expect(() => readWholeNumber({ N: '2147483648' }, 'N', { min: 1 })).toThrow('N must be');
  });
});

describe('a choice', () => {
  const read = (env: Record<string, string>) => readChoice(env, 'COLOUR', ['red', 'green'], 'green');

  it('is one of the words, or the fallback', () =>
    expect([read({ COLOUR: 'red' }), read({})]).toEqual(['red', 'green']));

  it('is refused with the words when it is another', () => {
    expect(() => read({ COLOUR: 'hunter2' })).toThrow('COLOUR must be one of red, green.');
  });
});
