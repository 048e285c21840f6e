import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchStreams } from './support/streams.js';
import { type StackSystem, startStack } from './support/system.js';

describe("a key's secret", () => {
  let system: StackSystem;
  let watch: Awaited<ReturnType<typeof watchStreams>>;
  beforeAll(async () => {
    system = await startStack();
    watch = await watchStreams(system.redisUrl);
    await system.cli(['project', 'create', '--name', 'quiet']);
    const built = await system.cli([
      'engineering',
      'start',
      '--project',
      'quiet',
      '--spec',
      'Quiet',
      '--wait',
      '--verbose',
    ]);
    expect(built.code, built.stderr).toBe(0);
    expect(built.stdout + built.stderr).not.toContain(system.token.slice(13));
  });
  afterAll(async () => {
    watch?.stop();
    await system?.stop();
  });

  it('is found nowhere in the data folder, logs included', async () => {
    // Forty-three characters of it are the secret; the rest is a prefix that may be shown.
    const secret = system.token.slice(13);
    expect(secret).toHaveLength(43);
    let files = 0;
    for (const entry of await readdir(system.dataDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
      if (bytes.length > 0) files += 1;
      expect(bytes.includes(secret), entry.name).toBe(false);
      // No service's key either: whatever looks like a whole key is one too many.
      expect(bytes.toString('latin1'), entry.name).not.toMatch(/cgk_[0-9a-f]{8}_[\w-]{43}/);
    }
    expect(files).toBeGreaterThan(20);
  });

  it('is found in no stream', () => {
    expect(watch.entries.length).toBeGreaterThan(10);
    expect(watch.entries.filter((entry) => /cgk_[0-9a-f]{8}_[\w-]{43}/.test(entry.data))).toEqual([]);
  });
});
