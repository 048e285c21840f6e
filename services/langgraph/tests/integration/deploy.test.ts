import type { AnsibleDeployResult } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { databases, World } from '../support/world.js';

describe.each(databases)('deploy on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  it('allocates, deploys main, records the deployment and verifies the URL', async () => {
    await world.startReplica();
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);

    const done = await world.ended(task);

    const [request] = world.executors.of('deploy', task);
    const message = request?.message as { port: number };
    expect(done).toMatchObject({ status: 'completed', reason: null });
    expect(done.result).toMatchObject({ request_id: task.request_id, status: 'success', port: message.port });
    expect(message).toMatchObject({
      project_name: project.name.replaceAll('-', '_'),
      repo_full_name: project.repository?.full_name,
      clone_url: project.repository?.clone_url,
      commit_sha: 'a'.repeat(40),
      secrets_ref: 'none:',
      github_token_ref: 'vault:platform/GIT_TOKEN',
      server_kind: 'local',
    });
    const health = await fetch(`${String(done.result?.deployed_url)}/health`);
    expect(await health.json()).toEqual({ status: 'ok', release: 'a'.repeat(40) });
    expect((await world.api.deployments.page({ project: project.id })).items).toMatchObject([
      { task_id: task.id, commit_sha: 'a'.repeat(40), url: done.result?.deployed_url, port: message.port },
    ]);
    expect((await world.api.projects.get(project.id)).status).toBe('active');
    expect(await world.story(task)).toEqual(['started', 'allocate', 'deploy', 'deploy', 'verify', 'completed']);
    expect(world.complaints).toEqual([]);
  });

  it('waits for a required secret, says which, and goes on when it is set', async () => {
    await world.startReplica({ resendAfterMs: 200 });
    const project = await world.scaffoldedProject([
      { name: 'DB_PASSWORD' },
      { name: 'API_SALT' },
      { name: 'OPTIONAL', required: false },
    ]);
    await world.api.secrets.put(project.id, 'API_SALT', 'nacl');
    const task = await world.start('deploy', project);
    await expect.poll(async () => (await world.api.tasks.get(task.id)).reason).toBe('waiting_secret');
    await expect.poll(async () => (await world.events(task)).at(-1)?.message).toContain('DB_PASSWORD');
    expect((await world.events(task)).at(-1)?.message).not.toContain('API_SALT');
    expect(world.executors.of('deploy', task)).toHaveLength(0);
    await world.api.secrets.put(project.id, 'DB_PASSWORD', 'hunter2');

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'completed', reason: null });
    expect(world.executors.of('deploy', task)[0]?.message).toMatchObject({
      secrets_ref: `vault:project/${project.id}`,
    });
    expect(JSON.stringify(await world.events(task))).not.toContain('hunter2');
    expect((await world.story(task)).slice(0, 4)).toEqual(['started', 'allocate', 'allocate', 'allocate']);
  });

  it('tries another port when one is in use', async () => {
    await world.startReplica();
    world.executors.script = {
      deploy: (_, times) => (times < 3 ? { status: 'failed', reason: 'port_in_use', error: 'taken' } : undefined),
    };
    const task = await world.start('deploy', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
    const ports = world.executors.of('deploy', task).map((one) => (one.message as { port: number }).port);
    expect(new Set(ports).size).toBe(3);
  });

  it('goes on from the port that the server says is free, and fails once every port was tried', async () => {
    await world.startReplica();
    const range = { ip: '127.0.0.1', port_from: 18_500, port_to: 18_507 };
    await world.api.servers.put('local', range);
    world.executors.script = {
      deploy: (_, times) => ({
        status: 'failed',
        reason: 'port_in_use',
        error: 'taken',
        free_port: times === 1 ? 18_504 : null,
      }),
    };
    const task = await world.start('deploy', await world.scaffoldedProject());

    const done = await world.ended(task);
    expect(done).toMatchObject({ status: 'failed', reason: 'port_in_use' });
    expect(done.error).toContain('other programs have every port of server local');
    const ports = world.executors.of('deploy', task).map((one) => (one.message as { port: number }).port);
    expect(ports).toEqual([18_500, 18_504, 18_505, 18_506, 18_507]);
    await world.api.servers.put('local', { ...range, port_from: 18_000, port_to: 18_999 });
  });

  it('fails with what the executor says, and with the end of its error output', async () => {
    await world.startReplica();
    world.executors.script = {
      deploy: () => ({
        status: 'failed',
        reason: 'unhealthy',
        error: 'no 200 within 30 s',
        stderr: 'SyntaxError: boom',
      }),
    };
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);

    const done = await world.ended(task);

    expect(done).toMatchObject({
      status: 'failed',
      reason: 'unhealthy',
      error: 'no 200 within 30 s\nSyntaxError: boom',
    });
    expect(done.result).toMatchObject({ status: 'failed', deployed_url: null });
    expect((await world.events(task)).at(-1)).toMatchObject({ type: 'failed', error_type: 'unhealthy' });
    expect((await world.api.projects.get(project.id)).status).toBe('failed');
  });

  it('ends with an answer of a peer that holds what no database can', async () => {
    await world.startReplica();
    world.executors.script = { deploy: () => 'silent' };
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);
    await expect.poll(() => world.executors.of('deploy', task)).toHaveLength(1);
    const request_id = world.executors.of('deploy', task)[0]?.requestId;
    const stderr = `panic: \\u0000 \\ud83d \\udc00 \ufffe ${'x'.repeat(2 ** 20)}`;
    const more = '"duration_ms":null,"deployed_url":null,"server_ip":null,"port":null,"stdout":null,"exit_code":1';
    const data = `{"request_id":"${request_id}","status":"failed","error":"it said \\u0000","stderr":"${stderr}",${more}}`;
    await world.redis.xadd('ansible:deploy:results', '*', 'data', data);

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'deploy_failed' });
    expect(done.error).toContain('it said \ufffd');
    expect((await world.events(task)).at(-1)).toMatchObject({ type: 'failed' });
    const next = await world.start('deploy', project);
    world.executors.script = {};
    await world.ended(next);
  });

  it('fails when the URL runs something else', async () => {
    await world.startReplica({ verifyMs: 500 });
    world.executors.script = { deploy: () => ({ deployed_url: 'http://127.0.0.1:9' }) };
    const task = await world.start('deploy', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({ status: 'failed', reason: 'unverified' });
  });

  it('asks for the executor of the kind of server that the project is on, whichever that is', async () => {
    await world.startReplica();
    await world.api.servers.put('local', { ip: '127.0.0.1', status: 'maintenance' });
    await world.api.servers.put('far', { ip: '203.0.113.7', kind: 'ansible' });
    const task = await world.start('deploy', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
    const [request] = world.executors.of('deploy', task);
    expect(request?.message).toMatchObject({ server_ip: '203.0.113.7', server_kind: 'ansible' });
    await world.api.servers.put('far', { ip: '203.0.113.7', status: 'maintenance' });
    await world.api.servers.put('local', { ip: '127.0.0.1' });
  });

  it('fails at once where no server is active, and says how one is added', async () => {
    await world.startReplica();
    await world.api.servers.put('local', { ip: '127.0.0.1', status: 'maintenance' });
    const task = await world.start('deploy', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({
      status: 'failed',
      reason: 'no_free_port',
      error: expect.stringMatching(/^no server is active: an administrator adds one with infra server set/),
    });
    expect(await world.story(task)).toEqual(['started', 'failed']);
    // A step that is tried again complains.
    expect(world.complaints).toEqual([]);
    await world.api.servers.put('local', { ip: '127.0.0.1', port_from: 18_000, port_to: 18_999 });
  });

  it('ends cancelled while it waits for a secret', async () => {
    await world.startReplica();
    const task = await world.start('deploy', await world.scaffoldedProject([{ name: 'DB_PASSWORD' }]));
    await expect.poll(async () => (await world.api.tasks.get(task.id)).reason).toBe('waiting_secret');
    await world.api.tasks.cancel(task.id);

    expect(await world.ended(task)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect(world.executors.of('deploy', task)).toHaveLength(0);
  });

  it('ends cancelled before it asks the executor', async () => {
    const created = await world.api.tasks.create({ project: (await world.scaffoldedProject()).id, type: 'deploy' });
    const { task } = created;
    await world.api.tasks.claim(task.id, { request_id: task.request_id });
    await world.api.tasks.cancel(task.id);
    await world.startReplica();
    await world.publish(created);

    expect(await world.ended(task)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect(world.executors.of('deploy', task)).toHaveLength(0);
  });

  it('completes with a recorded deployment when the release goes through in the moment after the request to cancel', async () => {
    const { project, task, answer } = await cancelledRelease();
    answer(undefined);

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'completed', cancel_requested: true });
    expect((await world.api.deployments.page({ project: project.id })).items).toMatchObject([
      { task_id: task.id, url: done.result?.deployed_url },
    ]);
    const told = (await world.events(task)).map((event) => event.message);
    expect(told).toContainEqual(expect.stringMatching(/^serving at .*; the request to cancel came too late$/));
    expect((await world.api.projects.get(project.id)).status).toBe('active');
  });

  it.each(['unhealthy', 'port_in_use'] as const)('ends cancelled when the release fails with %s', async (reason) => {
    const { project, task, answer } = await cancelledRelease();
    answer({ status: 'failed', reason, error: 'no' });

    expect(await world.ended(task)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect(world.executors.of('deploy', task)).toHaveLength(1);
    expect((await world.api.deployments.page({ project: project.id })).items).toEqual([]);
  });

  it('asks once, though the message comes twice and its answer too', async () => {
    await world.startReplica();
    const project = await world.scaffoldedProject();
    const created = await world.api.tasks.create({ project: project.id, type: 'deploy' });
    await world.publish(created);
    await world.publish(created);

    await world.ended(created.task);

    expect(world.executors.of('deploy', created.task)).toHaveLength(1);
    expect((await world.api.deployments.page({ project: project.id })).items).toHaveLength(1);
  });

  it('keeps a project active whose next deploy fails', async () => {
    await world.startReplica();
    const project = await world.scaffoldedProject();
    await world.ended(await world.start('deploy', project));
    world.executors.script = { deploy: () => ({ status: 'failed', reason: 'start_failed', error: 'no' }) };

    expect(await world.ended(await world.start('deploy', project))).toMatchObject({ status: 'failed' });
    expect((await world.api.projects.get(project.id)).status).toBe('active');
  });

  /** A release that is still under way when the request to cancel has been noticed; `answer` ends it. */
  async function cancelledRelease() {
    await world.startReplica();
    let answer: (said: Partial<AnsibleDeployResult> | undefined) => void = () => undefined;
    const said = new Promise<Partial<AnsibleDeployResult> | undefined>((resolve) => {
      answer = resolve;
    });
    world.executors.script = { deploy: () => said };
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);
    await world.seen('deploy', task);
    await world.api.tasks.cancel(task.id);
    // Longer than a request to cancel takes to be noticed.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await world.api.tasks.get(task.id)).status).toBe('running');
    return { project, task, answer };
  }
});
