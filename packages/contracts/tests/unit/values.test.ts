import { describe, expect, test } from 'vitest';
import { decodeEntry, developerOutput, type EntryFields, encodeEntry, engineeringQueue } from '../../src/index.js';

const names = '"correlation_id":"c","timestamp":"2026-01-10T12:00:00.123456","request_id":"r"';

/** A message as JSON text, so that values arrive exactly as a peer wrote them. */
function withText({ user_id = '1', more = '' }): EntryFields {
  return { data: `{${names},"version":"1","task_id":"t","project_id":"p","user_id":${user_id}${more}}` };
}

describe('an integer', () => {
  test.each([
    ['7123456789', 7123456789],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['1.0', 1],
    ['1E2', 100],
    ['-0', -0],
  ])('%s is read', (user_id, value) => {
    expect(decodeEntry(engineeringQueue, withText({ user_id }))).toMatchObject({
      ok: true,
      message: { user_id: value },
    });
  });

  test.each([
    '9007199254740992',
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '1e400',
    '0.5',
    '"7"',
    'true',
    'null',
  ])('%s is rejected, not rounded or converted', (user_id) => {
    const refused = { ok: false, code: 'invalid_message', path: 'user_id' };
    expect(decodeEntry(engineeringQueue, withText({ user_id }))).toMatchObject(refused);
    const flat = { task_id: 't', project_id: 'p', user_id: user_id.replaceAll('"', '\\"') };
    expect(decodeEntry(engineeringQueue, flat)).toMatchObject(refused);
  });

  test('negative zero is written as zero', () => {
    const { fields } = encodeEntry(engineeringQueue, { task_id: 't', project_id: 'p', user_id: -0 });
    expect(fields.data).toContain('"user_id":0');
  });
});

test.each(['1e400', '-1e400', '"0.02"', 'true'])('a cost of %s is rejected', (cost) => {
  const data = `{"request_id":"r","status":"success","worker_id":"w","usage":{"cost_usd":${cost}}}`;
  expect(decodeEntry(developerOutput, { data })).toMatchObject({ ok: false, path: 'usage.cost_usd' });
});

test('a cost that is not a number cannot be sent', () => {
  for (const cost_usd of [Number.POSITIVE_INFINITY, Number.NaN]) {
    const output = { request_id: 'r', status: 'success' as const, worker_id: 'w', usage: { cost_usd } };
    expect(() => encodeEntry(developerOutput, output)).toThrow('cost_usd');
  }
});

describe('odd documents', () => {
  test('the last of two fields with the same name counts, as in Python', () => {
    const decoded = decodeEntry(engineeringQueue, withText({ more: ',"user_id":2' }));
    expect(decoded).toMatchObject({ ok: true, message: { user_id: 2 } });
  });

  test('__proto__ and constructor are unknown fields like any other', () => {
    const more = ',"__proto__":{"callback_stream":"x","polluted":1},"constructor":{"prototype":{"polluted":1}}';
    const decoded = decodeEntry(engineeringQueue, withText({ more }));
    expect(decoded).toMatchObject({ ok: true, message: { callback_stream: null } });
    expect(decoded.ok && Object.keys(decoded.message)).not.toContain('constructor');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('a value below __proto__ does not replace a missing field', () => {
    const data = `{"__proto__":{${names},"task_id":"t","project_id":"p","user_id":1}}`;
    expect(decodeEntry(engineeringQueue, { data })).toMatchObject({ ok: false, path: 'task_id' });
  });

  test('NUL and unpaired surrogates are read as U+FFFD; the raw entry stays unchanged', () => {
    const decoded = decodeEntry(engineeringQueue, withText({ more: ',"task_id":"a\\u0000\\ud800"' }));
    expect(decoded).toMatchObject({ ok: true, message: { task_id: 'a\ufffd\ufffd' } });
    expect(decoded.raw.data).toContain('a\\u0000\\ud800');
    const flat = decodeEntry(engineeringQueue, { task_id: 'a\0', project_id: 'b', user_id: '1' });
    expect(flat).toMatchObject({ ok: true, message: { task_id: 'a\ufffd' } });
  });

  test('five million characters are read, and never quoted in an error', () => {
    const long = 'x'.repeat(5_000_000);
    expect(decodeEntry(engineeringQueue, withText({ more: `,"task_id":"${long}"` }))).toMatchObject({ ok: true });
    const refused = decodeEntry(engineeringQueue, withText({ user_id: `"${long}"` }));
    expect(!refused.ok && refused.error.length).toBeLessThan(200);
  });
});

describe('a plain-text secret is found and redacted', () => {
  const SECRET = 'ghp_verysecret';

  test.each([
    ['below __proto__', `,"__proto__":{"github_token":"${SECRET}"}`],
    ['in a list of lists', `,"x":[[{"y":{"secrets":{"KEY":"${SECRET}"}}}]]`],
    ['before an empty one of the same name', `,"github_token":"${SECRET}","github_token":null`],
    ['before an empty one, further down', `,"x":{"Secrets" : ["${SECRET}"], "secrets":""}`],
    ['under a name with escapes', `,"github\\u005ftoken":"${SECRET}"`],
  ])('%s', (_, more) => {
    const decoded = decodeEntry(engineeringQueue, withText({ more }));
    expect(decoded).toMatchObject({ ok: false, code: 'plain_secret', correlationId: 'c', requestId: 'r' });
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
  });

  test('a text that mentions one is accepted', () => {
    const more = ',"task_id":"write {\\"secrets\\": \\"none:\\", \\"github_token\\":1}","x":"secrets\\\\"';
    expect(decodeEntry(engineeringQueue, withText({ more }))).toMatchObject({ ok: true });
  });
});
