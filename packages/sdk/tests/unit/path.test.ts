import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/api/index.js';

const asked: string[] = [];
const fetch = async (url: string) => {
  asked.push(url);
  return { ok: false, status: 404, headers: { get: () => null }, text: async () => '' };
};
const api = createApi({ apiUrl: 'http://127.0.0.1:1/base', fetch, retry: { attempts: 1 } });

/** Every call that puts a value into a path, by what it is given there. */
const calls: Record<string, (value: string) => Promise<unknown>> = {
  'a project': (value) => api.projects.get(value),
  'a project to change': (value) => api.projects.update(value, { name: 'x' }),
  'a project to archive': (value) => api.projects.archive(value),
  'a project to report on': (value) => api.projects.report(value, {}),
  'a task': (value) => api.tasks.get(value),
  'a task’s events': (value) => api.tasks.events(value),
  'a task to cancel': (value) => api.tasks.cancel(value),
  'a task to retry': (value) => api.tasks.retry(value),
  'a task to claim': (value) => api.tasks.claim(value, { request_id: 'r' }),
  'a task to end': (value) => api.tasks.transition(value, { epoch: 1, status: 'failed' }),
  'a task’s next attempt': (value) => api.tasks.nextAttempt(value, { epoch: 1, request_id: 'r' }),
  'a task’s attempts': (value) => api.tasks.attempts(value),
  'an attempt': (value) => api.tasks.reportAttempt(value, 1, {}),
  'a published task': (value) => api.tasks.published(value, { request_id: 'r' }),
  'a server': (value) => api.servers.put(value, {} as Parameters<typeof api.servers.put>[1]),
  'a key': (value) => api.keys.revoke(value),
  'the project of secrets': (value) => api.secrets.list(value),
  'the project of a secret': (value) => api.secrets.put(value, 'NAME', 'x'),
  'the name of a secret': (value) => api.secrets.put('todo-api', value, 'x'),
  'the project of a secret to delete': (value) => api.secrets.delete(value, 'NAME'),
  'the name of a secret to delete': (value) => api.secrets.delete('todo-api', value),
};

const unsafe = fc.oneof(
  fc
    .tuple(fc.string(), fc.constantFrom('..', '?', '#', '%', '/', '\\', '\0', '\n', '\x1b', '\x7f', ' '), fc.string())
    .map((parts) => parts.join('')),
  fc.constantFrom('', '.', '..', '%2e%2e', '\u202e', 'ä', 'x'.repeat(500)),
);
const safe = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/);

describe('what goes into a path', () => {
  it.each(Object.entries(calls))('is refused unless it is an identifier: %s', async (_, call) => {
    await fc.assert(
      fc.asyncProperty(unsafe, async (value) => {
        asked.length = 0;
        await expect(call(value)).rejects.toMatchObject({ code: 'VALIDATION_FAILED', exitCode: 2 });
        expect(asked).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it.each(Object.entries(calls))('is one segment as it is: %s', async (_, call) => {
    await fc.assert(
      fc.asyncProperty(safe, async (value) => {
        asked.length = 0;
        await expect(call(value)).rejects.toMatchObject({ status: 404 });
        expect(new URL(asked[0] as string).pathname.split('/')).toContain(value);
      }),
      { numRuns: 20 },
    );
  });
});
