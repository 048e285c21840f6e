import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../support/redis.js';

const root = resolve(import.meta.dirname, '..', '..');
const example = (file: string) => resolve(root, 'examples', 'queue', file);

describe('the example of a queue', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test('greets, and ends by itself', async () => {
    const env = { PATH: process.env.PATH, REDIS_URL: server.url };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [example('greetings.js')], {
      env,
      timeout: 30_000,
    });
    expect([stdout, stderr]).toEqual(['Hello, Ada!\n', '']);
  });

  test.each(['greetings.js', 'contract.js'])('is what the SDK’s README shows: %s', async (file) => {
    const readme = await readFile(resolve(root, 'packages', 'sdk', 'README.md'), 'utf8');
    expect(readme).toContain(`\`\`\`js\n${await readFile(example(file), 'utf8')}\`\`\``);
  });
});
