import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a log holds no secret of the environment, no API key and no password of a URL, wherever they stand', async () => {
  const script = fileURLToPath(new URL('../fixtures/logs-secrets.js', import.meta.url));
  const env = { PATH: process.env.PATH, API_TOKEN: 'hunter2/"quoted"', NODE_ENV: 'production' };

  const { stderr } = await promisify(execFile)(process.execPath, [script], { env });

  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      error: 'refused: [redacted]',
      url: 'redis://user:[redacted]@host:6379',
      msg: 'with [redacted] and [redacted]',
    },
    { part: '[redacted]', deep: { er: { token: '[redacted]' } }, msg: '{"token":"[redacted]"}' },
  ]);
});
