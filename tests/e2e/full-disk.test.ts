import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { canMount } from '../support/namespaces.js';
import { createDatabase } from '../support/postgres.js';
import { smallDisk } from '../support/small-disk.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { startServices } from './support/system.js';

it.runIf(canMount)(
  'from a sentence to a URL over three full disks, with one run of the agent',
  async () => {
    const [workers, repos, releases] = await Promise.all([smallDisk(128), smallDisk(64), smallDisk(64)]);
    const database = await createDatabase();
    const folder = await tempFolder('codegen-runs');
    const runs = join(folder.path, 'runs');
    // It does its work, and then something else takes the rest of its disk.
    const script = `cat > /dev/null; echo run >> ${runs}; echo "A page of tea." > TEA.md
    dd if=/dev/zero of=${workers.path}/ballast bs=1M 2> /dev/null
    echo '<result>{"status":"success","summary":"tea"}</result>'`;
    const system = await startServices(database.url, {
      agent: 'writes',
      agents: { writes: { command: ['/bin/sh', '-c', script] } },
      langgraphs: 1,
      folders: { workers: workers.path, repos: repos.path, releases: releases.path },
    });
    onTestFinished(async () => {
      await system.stop();
      await database.drop();
      await Promise.all([workers, repos, releases].map((disk) => disk.remove()));
      await folder.remove();
    });
    const cli = async (...args: string[]) => (await system.cli([...args, '--json'])).json();
    const parked = (id: string, whose: string) =>
      waitFor(
        `the task to wait for ${whose}`,
        async () => {
          const { data } = await cli('task', 'get', id);
          expect(['queued', 'running']).toContain(data.status);
          return data.reason === 'waiting_system' && data.error.includes(`the disk of ${whose} on `) ? data : undefined;
        },
        { timeoutMs: 90_000, everyMs: 300 },
      );

    await cli('project', 'create', '--name', 'full');
    const { id } = (await cli('engineering', 'start', '--project', 'full', '--spec', 'A page of tea')).data;

    expect(await parked(id, 'worker-manager')).toMatchObject({ attempt: 1, epoch: 1 });
    expect((await cli('explain', id)).data.verdict.why).toMatch(/worker-manager on \S+ is full .*make room there/);
    // While it is tried once more, it does not wait.
    await waitFor('diagnose to tell', async () => {
      const { error } = await cli('diagnose', 'projects');
      return error?.message.includes('the disk of worker-manager on ');
    });
    await workers.makeRoom();

    await waitFor(
      'the tests to begin',
      async () => JSON.stringify((await cli('explain', id)).data.entries).includes('testing commit'),
      { timeoutMs: 90_000, everyMs: 100 },
    );
    await repos.fill();
    expect(await parked(id, 'scaffolder')).toMatchObject({ attempt: 1, epoch: 1 });
    await repos.makeRoom();
    const built = await cli('engineering', 'wait', id);
    expect(built.data).toMatchObject({ status: 'completed', reason: null, error: null, attempt: 1, epoch: 1 });

    await releases.fill();
    const deploy = (await cli('deploy', 'start', '--project', 'full')).data;
    expect(await parked(deploy.id, 'infra-service')).toMatchObject({ attempt: 1 });
    await releases.makeRoom();
    const deployed = await cli('deploy', 'wait', deploy.id);
    expect(deployed.data).toMatchObject({ status: 'completed', attempt: 1 });
    expect((await fetch(`${deployed.data.result.deployed_url}/health`)).status).toBe(200);

    expect((await readFile(runs, 'utf8')).trim().split('\n')).toEqual(['run']);
  },
  300_000,
);
