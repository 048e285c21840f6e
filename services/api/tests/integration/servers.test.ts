import { makeId } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

onBothDatabases('servers', (api) => {
  const putServer = (from: number, to: number, status = 'active') =>
    api.admin.ok('PUT', '/servers/local', { ip: '127.0.0.1', port_from: from, port_to: to, status });
  const allocate = (project_id: string, more = {}) => api.admin.ok('POST', '/allocations', { project_id, ...more });

  test('a server is added, then changed, under its handle', async () => {
    const added = await api.admin.ok('PUT', '/servers/box', { ip: '10.0.0.1', status: 'maintenance' });
    expect(added).toMatchObject({ handle: 'box', port_from: 18000, port_to: 18999, last_health_check: null });
    const changed = { ip: '10.0.0.2', status: 'maintenance', specs: { cpus: 2 } };
    expect(await api.admin.ok('PUT', '/servers/box', changed)).toMatchObject(changed);
    const { items } = await (await api.user()).ok('GET', '/servers');
    expect(items.filter((one: { handle: string }) => one.handle === 'box')).toMatchObject([changed]);
    const backwards = { ip: '10.0.0.1', port_from: 9, port_to: 8 };
    expect(await api.admin.refused('PUT', '/servers/box', backwards)).toBe('400 VALIDATION_FAILED');
    for (const ip of [
      'a b',
      '999.1.1.1',
      '10.0.0',
      '1.2.3.4.5',
      '10',
      '::g',
      '1:2',
      '-a',
      'a..b',
      `${'a'.repeat(64)}.de`,
    ]) {
      expect([ip, await api.admin.refused('PUT', '/servers/box', { ip })]).toEqual([ip, '400 VALIDATION_FAILED']);
    }
    for (const ip of ['203.0.113.7', '::1', '2001:db8::7', 'localhost', 'box-1.example.org', '7.example']) {
      expect((await api.admin.ok('PUT', '/servers/box', { ip, dry_run: true })).ip).toBe(ip);
    }
    const tried = { ip: '10.0.0.3', specs: { ram_gb: 8 }, dry_run: true };
    expect(await api.admin.ok('PUT', '/servers/box', tried)).toMatchObject({ ip: '10.0.0.3', specs: { ram_gb: 8 } });
    expect(await api.admin.refused('PUT', '/servers/box', { ...tried, ip: '' })).toBe('400 VALIDATION_FAILED');
    expect(await (await api.user()).refused('PUT', '/servers/box', tried)).toBe('403 FORBIDDEN');
    expect((await api.admin.ok('GET', '/servers')).items).toMatchObject([changed]);
    // What is set, set to something else, and set again, is as it was set last: also with the keys of before.
    for (const status of ['maintenance', 'unreachable', 'maintenance']) {
      await api.admin.ok('PUT', '/servers/box', { ...changed, status }, { key: status });
    }
    expect((await api.admin.ok('GET', '/servers')).items).toMatchObject([{ status: 'maintenance' }]);
  });

  test('a server is local unless it is said to be of another kind, and allocations say which', async () => {
    const far = { ip: '203.0.113.7', port_from: 25_000, port_to: 25_001 };
    expect(await api.admin.ok('PUT', '/servers/a-far', far)).toMatchObject({ kind: 'local' });
    expect(await api.admin.ok('PUT', '/servers/a-far', { ...far, kind: 'ansible' })).toMatchObject({ kind: 'ansible' });
    // An older administrator's tool knows no kinds.
    const unsaid = { ...far, port_to: 25_009 };
    expect(await api.admin.ok('PUT', '/servers/a-far', { ...unsaid, dry_run: true })).toMatchObject({
      kind: 'ansible',
    });
    expect(await api.admin.ok('PUT', '/servers/a-far', unsaid)).toMatchObject({ kind: 'ansible' });
    const { id } = await (await api.user()).createProject();
    const allocated = await allocate(id);
    expect(allocated).toMatchObject({ server_handle: 'a-far', server_kind: 'ansible', port: 25_000 });
    expect(await allocate(id)).toEqual(allocated);
    for (const kind of ['', 'Local', 'a b', '../x', 'x'.repeat(41), 7]) {
      expect(await api.admin.refused('PUT', '/servers/a-far', { ...far, kind })).toBe('400 VALIDATION_FAILED');
    }
    await api.admin.ok('PUT', '/servers/a-far', { ...far, status: 'maintenance' });
  });

  test('a project keeps its port, and each port belongs to one project', async () => {
    await putServer(20_000, 20_099);
    const user = await api.user();
    const projects = await Promise.all(Array.from({ length: 20 }, () => user.createProject()));
    const ports = await Promise.all(projects.flatMap(({ id }) => [allocate(id), allocate(id)]));
    expect(new Set(ports.map((one) => one.port)).size).toBe(20);
    expect(Math.max(...ports.map((one) => one.port))).toBe(20_019);
    for (const { id } of projects) {
      const [first, second] = ports.filter((one) => one.project_id === id);
      expect(second).toEqual(first);
      expect(await allocate(id)).toEqual(first);
    }
    const id = projects[0]?.id as string;
    const other = await allocate(id, { service: 'worker' });
    expect(other).toMatchObject({ port: 20_020, server_handle: 'local', server_ip: '127.0.0.1', service: 'worker' });
    const { items } = await (await api.service()).ok('GET', `/projects/${id}/allocations`);
    expect(items).toEqual([await allocate(id), other]);
    const stranger = await api.user();
    expect(await stranger.refused('GET', `/projects/${id}/allocations`)).toBe('404 PROJECT_NOT_FOUND');
  });

  test('giving up a port that turned out to be taken goes on through all the others', async () => {
    await putServer(21_000, 21_002);
    const { id } = await (await api.user()).createProject();
    const tried = [];
    let not_port: number | undefined;
    for (let i = 0; i < 4; i += 1) {
      const { port } = await allocate(id, { not_port });
      tried.push(port);
      not_port = port;
    }
    expect(tried).toEqual([21_000, 21_001, 21_002, 21_000]);
  });

  test('another port is looked for where the server says, and neither can be what is no port', async () => {
    await putServer(21_100, 21_110);
    const { id: project_id } = await (await api.user()).createProject();
    const { port: not_port } = await allocate(project_id);
    expect(await allocate(project_id, { not_port, from_port: 21_107 })).toMatchObject({ port: 21_107 });
    for (const wrong of [0, 65_536, 2 ** 40]) {
      for (const field of ['not_port', 'from_port']) {
        const body = { project_id, [field]: wrong };
        expect(await api.admin.refused('POST', '/allocations', body)).toBe('400 VALIDATION_FAILED');
      }
    }
  });

  test('without a free port, or without an active server, there is none', async () => {
    await putServer(22_000, 22_000);
    const user = await api.user();
    const [one, two] = [await user.createProject(), await user.createProject()];
    await allocate(one.id);
    expect(await api.admin.refused('POST', '/allocations', { project_id: two.id })).toBe('409 NO_FREE_PORT');
    await putServer(23_000, 23_000, 'unreachable');
    expect(await api.admin.refused('POST', '/allocations', { project_id: two.id })).toBe('409 NO_FREE_PORT');
    const unknown = { project_id: makeId('proj') };
    expect(await api.admin.refused('POST', '/allocations', unknown)).toBe('404 PROJECT_NOT_FOUND');
  });

  test('a deployment is stored once per request and listed to its owner', async () => {
    await putServer(24_000, 24_010);
    const [user, other, service] = [await api.user(), await api.user(), await api.service()];
    const { id: project_id, name } = await user.createProject();
    const deployment = {
      ...{ project_id, request_id: `r-${project_id}`, task_id: null, server_handle: 'local', service: 'backend' },
      ...{ port: 24_000, url: 'http://127.0.0.1:24000', commit_sha: 'a'.repeat(40) },
    };
    const recorded = await service.ok('POST', '/deployments', deployment);
    expect(recorded).toMatchObject(deployment);
    expect(await service.ok('POST', '/deployments', { ...deployment, port: 24_001 })).toEqual(recorded);
    await service.ok('POST', '/deployments', { ...deployment, request_id: `s-${project_id}` });
    const { items } = await user.ok('GET', `/deployments?project=${name}&limit=1`);
    expect(items).toMatchObject([{ request_id: `s-${project_id}` }]);
    expect(items[0].project_name).toBe(name);
    expect((await user.ok('GET', '/deployments')).items).toHaveLength(2);
    await service.ok('POST', '/deployments', { ...deployment, service: 'web', request_id: `w-${project_id}` });
    const current = await user.ok('GET', '/deployments?current=true');
    expect(current.items.map((one: { request_id: string }) => one.request_id)).toEqual([
      `w-${project_id}`,
      `s-${project_id}`,
    ]);
    expect(await user.refused('GET', '/deployments?current=perhaps')).toBe('400 VALIDATION_FAILED');
    expect((await other.ok('GET', '/deployments')).items).toEqual([]);
    const nowhere = { ...deployment, request_id: 'x', server_handle: 'nowhere' };
    expect(await service.refused('POST', '/deployments', nowhere)).toBe('404 NOT_FOUND');
  });
});
