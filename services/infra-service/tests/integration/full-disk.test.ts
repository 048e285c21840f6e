import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { type SmallDisk, smallDisk } from '../../../../tests/support/small-disk.js';
import { get } from '../support/clients.js';
import { ServiceSite, type SiteProject } from '../support/service-site.js';

describe.runIf(canMount)('a full disk of the releases', () => {
  let site: ServiceSite;
  let project: SiteProject;
  let disk: SmallDisk;
  beforeEach(async () => {
    site = await ServiceSite.open();
    project = await site.addProject('a');
    disk = await smallDisk(64);
  });
  afterEach(async () => {
    await site.close();
    await disk.remove();
  });

  const FULL = /^the disk of infra-service on \S+ is full \(ENOSPC\): make room there$/;
  const deploy = async (commit_sha: string) => site.answer((await site.publish(project, { commit_sha })).request_id);

  test('A deploy that finds no room is told as the fault of the machine; what served before still does', async () => {
    await site.start({ releasesDir: disk.path });
    const first = await project.repository.commit();
    expect(await deploy(first)).toMatchObject({ status: 'success' });
    const second = await project.repository.commit();
    await disk.fill();
    expect(await deploy(second)).toMatchObject({ status: 'failed', system_fault: expect.stringMatching(FULL) });
    expect((await get(project.port, '/')).body).toBe(first);
    await disk.makeRoom();
    expect(await deploy(second)).toMatchObject({ status: 'success' });
    expect((await get(project.port, '/')).body).toBe(second);
    const left = await readdir(join(disk.path, project.id));
    expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('A release that dies for want of room is the fault of the machine; one that only speaks of it is not', async () => {
    await site.start({ releasesDir: disk.path });
    const saying = ['sh', '-c', 'echo "ENOSPC: no space left on device" >&2; exit 1'];
    const told = await deploy(await project.repository.commit({ start: saying }));
    expect(told).toMatchObject({ status: 'failed', reason: 'start_failed' });
    expect(told.system_fault ?? null).toBe(null);
    const filling = ['sh', '-c', `dd if=/dev/zero of=${disk.path}/ballast bs=1M; exit 1`];
    const spoiled = await deploy(await project.repository.commit({ start: filling }));
    expect(spoiled).toMatchObject({ status: 'failed', system_fault: expect.stringMatching(FULL) });
  });
});
