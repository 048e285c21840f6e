import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from '@codegen/sdk/processes';
import { connectRedis } from '@codegen/sdk/queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type DataFolder, openDataFolder } from '../../src/data-folder.js';
import { type SupervisedRedis, startRedis } from '../../src/start-redis.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("the stack's redis-server", () => {
  let temp: Awaited<ReturnType<typeof tempFolder>>;
  let folder: DataFolder;
  let redis: SupervisedRedis;
  beforeEach(async () => {
    temp = await tempFolder();
    folder = await openDataFolder(join(temp.path, 'a folder with "quotes"'));
    redis = await startRedis(folder, silent);
  });
  afterEach(async () => {
    await redis.stop();
    await folder.unlock();
    await temp.remove();
  });

  const withClient = async <T>(
    url: string,
    use: (client: ReturnType<typeof connectRedis>) => Promise<T>,
  ): Promise<T> => {
    const client = connectRedis(url);
    client.on('error', () => undefined);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };
  const pidOf = async () => (JSON.parse(await readFile(join(folder.run, 'redis.pid'), 'utf8')) as { pid: number }).pid;

  it('requires its password and keeps its data', async () => {
    await expect(withClient(redis.url.replace(/:[^:@]*@/, ':wrong@'), (client) => client.ping())).rejects.toThrow();
    const settings = await withClient(redis.url, (client) =>
      client.config('GET', 'maxmemory-policy', 'appendonly', 'appendfsync'),
    );
    expect(settings).toEqual(expect.arrayContaining(['noeviction', 'yes', 'everysec']));
  });

  it('does not show its password in the list of processes', async () => {
    const command = await readFile(`/proc/${await pidOf()}/cmdline`, 'utf8');
    expect(command).toContain('redis-server');
    expect(command).not.toContain(new URL(redis.url).password);
  });

  it('comes back on the same URL with its data after it was killed', async () => {
    await withClient(redis.url, (client) => client.set('kept', 'yes'));
    // AOF everysec: data is on disk after a second.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const before = await pidOf();
    process.kill(before, 'SIGKILL');
    const value = await waitFor('redis', () => withClient(redis.url, (client) => client.get('kept')), { everyMs: 100 });
    expect(value).toBe('yes');
    expect(await waitFor('another pid', async () => (await pidOf()) !== before)).toBe(true);
  });

  it('keeps its port if it was left behind, and takes new settings if the old ones are damaged', async () => {
    const { url } = redis;
    await redis.stop();
    const left = spawn('redis-server', [join(folder.run, 'redis.conf')], { stdio: 'ignore' });
    await writeFile(join(folder.run, 'redis.pid'), JSON.stringify(identityOf(left.pid as number)));
    await waitFor('the server left behind', () => withClient(url, (client) => client.ping()));
    redis = await startRedis(folder, silent);
    expect(redis.url).toBe(url);
    expect(left.exitCode).toBe(0);
    await redis.stop();
    await writeFile(join(folder.run, 'redis.json'), '{"port":');
    redis = await startRedis(folder, silent);
    expect(await withClient(redis.url, (client) => client.ping())).toBe('PONG');
  });

  it('keeps its port at the next start', async () => {
    const { url } = redis;
    await redis.stop();
    redis = await startRedis(folder, silent);
    expect(redis.url).toBe(url);
  });
});
