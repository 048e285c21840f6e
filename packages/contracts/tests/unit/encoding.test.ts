import { describe, expect, test } from 'vitest';
import {
  ansibleDeployQueue,
  decodeEntry,
  encodeEntry,
  engineeringQueue,
  provisionerQueue,
  scaffolderQueue,
  taskEvents,
  workerCommands,
  workerResponses,
} from '../../src/index.js';

const task = { task_id: 'task_1', project_id: 'proj_1', user_id: 7123456789 };

describe('encoding', () => {
  test('writes one field with all defaults', () => {
    const { fields, message } = encodeEntry(engineeringQueue, task);
    expect(Object.keys(fields)).toEqual(['data']);
    expect(JSON.parse(fields.data)).toEqual(message);
    expect(message).toMatchObject({ ...task, version: '1', callback_stream: null });
    expect(message.timestamp).toMatch(/Z$/);
    expect(message.request_id).not.toBe(message.correlation_id);
  });

  test('keeps the string of a datetime', () => {
    const timestamp = '2026-01-10T12:00:00.123456';
    expect(encodeEntry(engineeringQueue, { ...task, timestamp }).message.timestamp).toBe(timestamp);
  });

  test('replaces unpaired surrogates, which Python peers reject, and NUL, which databases reject', () => {
    const task_id = `cut ${'👩‍🚀'.slice(0, 1)}`;
    const { fields, message } = encodeEntry(engineeringQueue, {
      ...task,
      task_id,
      project_id: '\\ud83d 👩‍🚀 \\u0000 \u0000',
    });
    expect(message).toMatchObject({ task_id: 'cut \ufffd', project_id: '\\ud83d 👩‍🚀 \\u0000 \ufffd' });
    expect(JSON.parse(fields.data)).toEqual(message);
  });

  test('replaces them in field names too', () => {
    const config = { name: 'a', agent: 'custom' as const, capabilities: [], env_vars: { 'cut\ud83d': 'a\udc00' } };
    const context = { '\\ud83d': '\\\ud83d' };
    const { fields, message } = encodeEntry(workerCommands, { command: 'create', request_id: 'c', config, context });
    expect(message).toMatchObject({
      config: { env_vars: { 'cut\ufffd': 'a\ufffd' } },
      context: { '\\ud83d': '\\\ufffd' },
    });
    expect(JSON.parse(fields.data)).toEqual(message);
  });

  test('rejects an invalid message', () => {
    expect(() => encodeEntry(engineeringQueue, { ...task, user_id: 1.5 })).toThrow('user_id');
  });

  test('rejects a plain-text secret at any depth', () => {
    const config = { name: 'a', agent: 'custom' as const, capabilities: [], env_vars: { GITHUB_TOKEN: 'ghp_1' } };
    const create = { command: 'create' as const, request_id: 'c', config };
    expect(() => encodeEntry(workerCommands, create)).toThrow(
      'config.env_vars.GITHUB_TOKEN contains a plain-text secret',
    );
    const reference = { ...create, config: { ...config, env_vars: { GITHUB_TOKEN: 'vault:platform/GITHUB_TOKEN' } } };
    expect(encodeEntry(workerCommands, reference).message).toMatchObject(reference);
  });
});

describe('decoding', () => {
  test('ignores unknown fields, in the document and beside it', () => {
    const raw = { data: JSON.stringify({ ...task, added_later: 1 }), attempt: '3' };
    const decoded = decodeEntry(engineeringQueue, raw);
    expect(decoded).toMatchObject({ ok: true, message: task });
    expect(decoded.ok && decoded.message).not.toHaveProperty('added_later');
  });

  test('reads flat fields: strings plain, other values as JSON', () => {
    const raw = {
      request_id: '17',
      callback_stream: 'null',
      project_id: '42',
      repo_full_name: 'org/repo',
      project_name: 'todo',
      modules: '["backend"]',
      attempt: '2',
    };
    expect(decodeEntry(scaffolderQueue, raw)).toMatchObject({
      ok: true,
      legacy: true,
      message: { request_id: '17', callback_stream: null, project_id: '42', modules: ['backend'] },
    });
  });

  test('reads the flat fields of a command by its discriminator', () => {
    const raw = { command: 'send_message', request_id: '1', worker_id: 'w', message: '{"a":1}', timeout: '60' };
    expect(decodeEntry(workerCommands, raw)).toMatchObject({ ok: true, message: { message: '{"a":1}', timeout: 60 } });
  });

  test('reads agent_id for worker_id', () => {
    const flat = { command: 'delete', request_id: '1', agent_id: 'x' };
    const wrapped = { data: JSON.stringify(flat) };
    for (const raw of [flat, wrapped]) {
      expect(decodeEntry(workerCommands, raw)).toMatchObject({ ok: true, legacy: true, message: { worker_id: 'x' } });
    }
  });

  test('fills in the metadata of a peer without versions', () => {
    const decoded = decodeEntry(engineeringQueue, { data: JSON.stringify(task) });
    expect(decoded).toMatchObject({
      ok: true,
      legacy: true,
      message: { version: '1', correlation_id: expect.any(String) },
    });
  });

  test('marks a command without a version as legacy, flat or not', () => {
    const command = { command: 'delete', request_id: 'r', worker_id: 'w' };
    for (const raw of [command, { data: JSON.stringify(command) }]) {
      expect(decodeEntry(workerCommands, raw)).toMatchObject({ ok: true, legacy: true, message: { version: '1' } });
    }
    const { fields } = encodeEntry(workerCommands, command as never);
    expect(decodeEntry(workerCommands, fields)).toMatchObject({ ok: true, legacy: false });
  });

  test('reads the answers of older peers, which write agent_id', () => {
    const flat = { request_id: 'r', success: 'true', agent_id: 'agent-1', error: 'null' };
    const wrapped = { data: '{"request_id":"r","success":true,"agent_id":"agent-1"}' };
    for (const raw of [flat, wrapped]) {
      const message = { request_id: 'r', success: true, worker_id: 'agent-1', error: null };
      expect(decodeEntry(workerResponses, raw)).toEqual({ ok: true, legacy: true, message, raw });
    }
  });

  test('prefers worker_id if both names are present', () => {
    const data = '{"command":"delete","request_id":"r","worker_id":"new","agent_id":"old","version":"1"}';
    expect(decodeEntry(workerCommands, { data })).toMatchObject({
      ok: true,
      legacy: false,
      message: { worker_id: 'new' },
    });
  });

  test('reads numbers and booleans of flat fields', () => {
    const raw = { server_handle: '007', force_reinstall: 'true', is_recovery: 'false', callback_stream: '17' };
    expect(decodeEntry(provisionerQueue, raw)).toMatchObject({
      ok: true,
      message: { server_handle: '007', force_reinstall: true, is_recovery: false, callback_stream: '17' },
    });
    for (const force_reinstall of ['True', 'yes', '1', '']) {
      expect(decodeEntry(provisionerQueue, { ...raw, force_reinstall })).toMatchObject({
        ok: false,
        code: 'invalid_message',
        path: 'force_reinstall',
      });
    }
  });

  test.each([['2'], [1], ['']])('rejects version %j as unsupported, with the ids that it could read', (version) => {
    const data = JSON.stringify({ ...task, version, correlation_id: 'c-1', request_id: 'r-1' });
    expect(decodeEntry(engineeringQueue, { data })).toMatchObject({
      ok: false,
      code: 'unsupported_version',
      path: 'version',
      correlationId: 'c-1',
      requestId: 'r-1',
      raw: { data },
    });
  });

  test.each([
    ['{"task_id":', 'invalid_json'],
    ['[]', 'invalid_message'],
    ['null', 'invalid_message'],
    ['{}', 'invalid_message'],
  ])('rejects %s as %s', (data, code) => {
    expect(decodeEntry(engineeringQueue, { data })).toMatchObject({ ok: false, code });
  });

  test('names the invalid field', () => {
    const decoded = decodeEntry(taskEvents, { data: '{"type":"progress","request_id":"r","progress_pct":101}' });
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_message', path: 'progress_pct' });
  });
});

describe('plain-text secrets', () => {
  const SECRET = 'ghp_verysecret';

  test.each([
    ['wrapped', { data: JSON.stringify({ ...task, github_token: SECRET }) }],
    ['nested', { data: JSON.stringify({ ...task, context: [{ Secrets: { KEY: SECRET } }] }) }],
    ['flat', { task_id: 't', project_id: 'p', user_id: '1', github_token: SECRET }],
    ['nested in a flat field', { command: 'create', request_id: 'r', config: `{"env_vars":{"secrets":"${SECRET}"}}` }],
    ['nested in an unknown flat field', { task_id: 't', user_id: '1', context: `[{"github_token": "${SECRET}"}]` }],
    ['nested beside the document', { data: JSON.stringify(task), context: `{"x":{"secrets":{"KEY":"${SECRET}"}}}` }],
  ])('%s, are rejected with the value redacted', (_, raw) => {
    const decoded = decodeEntry(engineeringQueue, raw);
    expect(decoded).toMatchObject({ ok: false, code: 'plain_secret' });
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
    expect(JSON.stringify(decoded)).toContain('[redacted]');
  });

  test('beside the document are rejected with the value redacted', () => {
    const raw = { data: JSON.stringify(task), github_token: SECRET, attempt: '2' };
    expect(decodeEntry(engineeringQueue, raw)).toMatchObject({
      ok: false,
      code: 'plain_secret',
      raw: { data: raw.data, github_token: '[redacted]', attempt: '2' },
    });
  });

  test.each([`{"github_token":${SECRET}}`, `{"secrets": "a", "x": ${SECRET}${'.'.repeat(60)}}`])(
    'are not quoted in the error of a broken document: %s',
    (data) => {
      const decoded = decodeEntry(engineeringQueue, { data });
      expect(decoded).toMatchObject({ ok: false, code: 'invalid_json' });
      expect(JSON.stringify(decoded)).not.toContain('ghp_');
    },
  );

  test('in a broken document are cut off', () => {
    const raw = { data: `{"task_id":"t","github_token":"${SECRET}` };
    const decoded = decodeEntry(engineeringQueue, raw);
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_json' });
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
  });

  test('do not include references and empty values', () => {
    const job = {
      project_id: 'p',
      project_name: 'p',
      repo_full_name: 'o/r',
      server_ip: '127.0.0.1',
      port: 18000,
      github_token_ref: 'none:',
      secrets_ref: 'vault:project/p',
    };
    for (const secrets of [null, '', {}, 'vault:project/p', { A: 'env:TOKEN', B: ['vault:project/p/B'] }]) {
      const data = JSON.stringify({ ...job, secrets });
      expect(decodeEntry(ansibleDeployQueue, { data })).toMatchObject({ ok: true });
    }
  });
});
