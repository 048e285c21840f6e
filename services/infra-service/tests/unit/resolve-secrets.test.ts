import { OrchestratorError } from '@codegen/sdk/errors';
import { expect, test } from 'vitest';
import { resolveSecrets, type SecretSources } from '../../src/resolve-secrets.js';

const { signal } = new AbortController();

function sources(resolve: (reference: string) => Promise<{ values: Record<string, string> }>): SecretSources {
  return { api: { secrets: { resolve } as SecretSources['api']['secrets'] }, environment: { KEY: 'from here' } };
}

const values = sources(async (reference) => ({ values: { A: reference } }));

test('Each kind of reference gives a map', async () => {
  expect(await resolveSecrets('none:', 'p1', values, signal)).toEqual({});
  expect(await resolveSecrets('env:KEY', 'p1', values, signal)).toEqual({ KEY: 'from here' });
  expect(await resolveSecrets('vault:project/p1', 'p1', values, signal)).toEqual({ A: 'vault:project/p1' });
});

test('What cannot be resolved is secret_missing, and a plain secret is not repeated', async () => {
  const plain = resolveSecrets('hunter2', 'p1', values, signal);
  await expect(plain).rejects.toMatchObject({
    reason: 'secret_missing',
    message: expect.not.stringContaining('hunter2'),
  });
  for (const reference of ['env:NONE', 'env:constructor', 'env:toString']) {
    await expect(resolveSecrets(reference, 'p1', values, signal)).rejects.toMatchObject({ reason: 'secret_missing' });
  }
});

test('Another project’s secrets are refused before they are asked for', async () => {
  const never = sources(() => Promise.reject(new Error('asked')));
  for (const reference of ['vault:project/p2', 'vault:project/p2/TOKEN', 'vault:platform/TOKEN']) {
    await expect(resolveSecrets(reference, 'p1', never, signal)).rejects.toMatchObject({ reason: 'secret_missing' });
  }
});

test('A reference that does not exist is an outcome; an API that is away is not', async () => {
  const gone = sources(() => Promise.reject(new OrchestratorError('NOT_FOUND', 'no', { status: 404 })));
  await expect(resolveSecrets('vault:project/p1', 'p1', gone, signal)).rejects.toMatchObject({
    reason: 'secret_missing',
  });
  const away = sources(() => Promise.reject(new OrchestratorError('API_UNAVAILABLE', 'away', { status: 503 })));
  await expect(resolveSecrets('vault:project/p1', 'p1', away, signal)).rejects.toMatchObject({
    code: 'API_UNAVAILABLE',
  });
});
