import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type MessageOf,
  type QueueContract,
  repositoryQueue,
  repositoryResults,
  scaffolderQueue,
  scaffolderResults,
} from '@codegen/contracts';
import { closeRedis, connectRedis, publish, queueStats } from '@codegen/sdk/queue';
import { startService } from '@codegen/sdk/service';
import { expect, it, onTestFinished } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { startRedis } from '../../../../tests/support/redis.js';
import { smallDisk } from '../../../../tests/support/small-disk.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { scaffolder } from '../../src/index.js';
import { FakeApi } from '../support/fake-api.js';
import { commitAndPush, git } from '../support/repository.js';

const TEMPLATE = fileURLToPath(new URL('../../../../templates/service', import.meta.url));
const NAME = 'local/proj_1';
const FULL = /^the disk of scaffolder on \S+ is full \(ENOSPC\): make room there$/;

it.runIf(canMount)(
  'a full disk of the repositories fails neither project nor commit, and is told as what it is',
  async () => {
    const server = await startRedis();
    const redis = connectRedis(server.url, { name: 'test' });
    const disk = await smallDisk(64);
    const folder = await tempFolder('codegen-scaffolder');
    const api = new FakeApi();
    const http = await api.listen();
    const service = await startService(scaffolder, {
      redisUrl: server.url,
      api: { url: http.url, token: 'cgk_test' },
      reposDir: disk.path,
      templateDir: TEMPLATE,
      copier: false,
      retry: { transient: [20, 20] },
    });
    onTestFinished(async () => {
      await service.stop();
      await http.close();
      await closeRedis(redis);
      await server.stop();
      await disk.remove();
      await folder.remove();
    });
    const answer = <C extends QueueContract>(contract: C, requestId: string) =>
      waitFor(`the answer to ${requestId}`, async () => {
        const found = await redis.xrange(contract.stream, '-', '+');
        const all = found.map(([, fields]) => JSON.parse(fields[1] as string) as MessageOf<C> & { request_id: string });
        return all.find(({ request_id }) => request_id === requestId);
      });

    const request = { project_id: 'proj_1', repo_full_name: NAME, project_name: 'window-seat', modules: ['backend'] };
    await disk.fill();
    await publish(redis, scaffolderQueue, { ...request, request_id: 'scaffold-1' });
    expect(await answer(scaffolderResults, 'scaffold-1')).toMatchObject({
      status: 'failed',
      system_fault: expect.stringMatching(FULL),
    });
    expect(api.reports).toEqual([]);
    await disk.makeRoom();
    await publish(redis, scaffolderQueue, { ...request, request_id: 'scaffold-2' });
    expect(await answer(scaffolderResults, 'scaffold-2')).toMatchObject({ status: 'success' });

    const clone = join(folder.path, 'clone');
    await git(folder.path, 'clone', '--quiet', join(disk.path, `${NAME}.git`), clone);
    const commit_sha = await commitAndPush(clone, { files: { 'a.txt': 'a' }, branch: 'task/task_1/1' });
    const merge = {
      ...{
        project_id: 'proj_1',
        task_id: 'task_1',
        epoch: 1,
        operation: 'merge' as const,
        branch: 'task/task_1/1',
        commit_sha,
      },
      expected_main_sha: api.project.main_sha as string,
    } as const;
    await disk.fill();
    await publish(redis, repositoryQueue, { ...merge, request_id: 'merge-1' });
    const refused = await answer(repositoryResults, 'merge-1');
    expect(refused).toMatchObject({ status: 'failed', system_fault: expect.stringMatching(FULL) });
    await disk.makeRoom();
    await publish(redis, repositoryQueue, { ...merge, request_id: 'merge-2' });
    expect(await answer(repositoryResults, 'merge-2')).toMatchObject({ status: 'success', main_sha: commit_sha });

    for (const queue of [scaffolderQueue, repositoryQueue]) {
      expect((await queueStats(redis, queue)).deadLetters).toBe(0);
    }
  },
);
