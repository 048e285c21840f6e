import { rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get } from '../support/clients.js';
import { openSite } from '../support/executor.js';
import { ServiceSite, type SiteProject } from '../support/service-site.js';

const body = (port: number) =>
  get(port, '/').then(
    ({ body: text }) => text,
    () => '',
  );

/** As the API has it once a deploy has ended. */
const deployment = ({ id, port }: SiteProject, commit_sha: string) => ({
  ...{ id: `dep_${id}`, request_id: `r-${id}`, project_id: id, project_name: 'fixture', task_id: null },
  ...{ server_handle: 'local', service: 'backend', port, url: `http://127.0.0.1:${port}`, commit_sha },
  deployed_at: '2026-01-01T00:00:00.000Z',
});

test('Releases whose folder was lost while the service was down are made anew from what the API says runs here', async () => {
  const site = await ServiceSite.open();
  onTestFinished(() => site.close());
  const [kept, gone, elsewhere] = [await site.addProject('a'), await site.addProject('b'), await site.addProject('c')];
  const service = await site.start();
  const sha = await kept.repository.commit({ environment: [{ name: 'TOKEN', required: true, secret: true }] });
  await kept.repository.commit();
  site.api.values = { TOKEN: 'correct-horse' };
  const secrets_ref = `vault:project/${kept.id}`;
  const { request_id } = await site.publish(kept, { commit_sha: sha, secrets_ref });
  expect(await site.answer(request_id)).toMatchObject({ status: 'success' });
  await service.stop();
  await rm(site.releasesDir, { recursive: true });

  Object.assign(site.api.projects.find(({ id }) => id === kept.id) ?? {}, {
    manifest: { environment: [{ name: 'TOKEN' }], test: ['true'], start: ['true'] },
  });
  const at = site.api.allocations.find(({ project_id }) => project_id === elsewhere.id);
  Object.assign(at ?? {}, { server_ip: '203.0.113.7' });
  site.api.deployments.push(
    deployment(gone, 'f'.repeat(40)),
    deployment(elsewhere, await elsewhere.repository.commit()),
    deployment(kept, sha),
  );
  site.api.away = true;
  const asked = site.api.requests.length;
  await site.start();
  await waitFor('the API to be asked', () => site.api.missed > 0);
  site.api.away = false;

  await waitFor('the release', async () => (await body(kept.port)) === sha, { timeoutMs: 30_000 });
  expect(site.api.requests.slice(asked)).toMatchObject([{ reference: secrets_ref }]);
  // Of the commit that is nowhere, its URL says so, and so does the log; it is tried again.
  const answer = await get(gone.port, '/');
  expect(answer.status).toBe(503);
  await waitFor('the log', () => site.log.some((line) => line.includes(`commit ${'f'.repeat(40)}`)));
  expect(await body(elsewhere.port)).toBe('');
});

test('A release whose folder is removed under it is made anew and serves the same commit', async () => {
  const site = await openSite({ probeEveryMs: 100 });
  onTestFinished(() => site.close());
  const sha = await site.repository.commit();
  await site.deploy(sha);
  const [before] = site.processes();
  await rm(site.releasesDir, { recursive: true });
  await waitFor(
    'another process of the release',
    async () => {
      const [now] = site.processes();
      return now && now.pid !== before?.pid && (await body(site.port)) === sha;
    },
    { timeoutMs: 30_000 },
  );
  // And once more after a restart of the service: its state is there again.
  await site.executor.stop();
  await site.start();
  await waitFor('the release', async () => (await body(site.port)) === sha, { timeoutMs: 30_000 });
});
