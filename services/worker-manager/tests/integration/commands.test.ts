import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { wireNow } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesIn, processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { agents, startBench } from '../support/bench.js';
import { answerOfProjects } from '../support/known-projects.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const status = async (workerId: string) => {
  const requestId = randomUUID();
  await bench.send({ command: 'status', request_id: requestId, worker_id: workerId });
  return bench.response(requestId);
};

describe('create', () => {
  it('starts a worker that serves the input which came with the command, and delete leaves nothing of it', async () => {
    await bench.start();
    const requestId = randomUUID();
    const workerId = await bench.create('writes-file', {}, requestId);
    const turn = await bench.input(workerId, 'Write this', { task_id: 'task_1' });
    expect(await bench.response(requestId)).toMatchObject({ success: true, worker_id: workerId, error: null });
    expect(JSON.parse((await bench.redis.get(`worker:response:${requestId}`)) as string)).toMatchObject({
      success: true,
    });
    expect(await bench.redis.ttl(`worker:response:${requestId}`)).toBeGreaterThan(3500);
    expect(await bench.output(turn)).toMatchObject({ status: 'success', branch: 'task/task_1/7', worker_id: workerId });
    expect(await bench.repository.git('show', 'task/task_1/7:prompt.txt')).toBe('Write this');
    await waitFor('the worker to be idle', async () => (await status(workerId)).status === 'idle');
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
    expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
    expect(await bench.folders()).toEqual([]);
    expect(await bench.redis.exists(`worker:developer:${workerId}:input`)).toBe(0);
    expect(await bench.outputs(turn)).toHaveLength(1);
    expect(await status(workerId)).toMatchObject({ success: true, status: 'stopped' });
  });

  it('that is delivered again starts no second worker, not even after the worker was deleted', async () => {
    await bench.start();
    const requestId = randomUUID();
    const workerId = await bench.create('forever', {}, requestId);
    await bench.response(requestId);
    await bench.create('forever', {}, requestId);
    await waitFor('the second answer', async () => (await bench.responses(requestId)).length === 2);
    expect(await processesWith(`WORKER_ID=${workerId}`)).toHaveLength(1);
    await bench.delete(workerId);
    await bench.create('forever', {}, requestId);
    await waitFor('the third answer', async () => (await bench.responses(requestId)).length === 3);
    expect(new Set((await bench.responses(requestId)).map((one) => JSON.stringify(one))).size).toBe(1);
    // The recorded answer expires long before a copy of the command may come.
    await bench.redis.del(`worker:response:${requestId}`);
    await bench.create('forever', {}, requestId);
    await waitFor('the fourth answer', async () => (await bench.responses(requestId)).length === 4);
    expect((await bench.responses(requestId))[3]).toMatchObject({ success: false, error: 'the worker was deleted' });
    expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
    expect(await bench.folders()).toEqual([]);
  });

  it('with an unknown agent is refused, and so is every input, earlier or later', async () => {
    const requestId = randomUUID();
    const workerId = `w-${requestId}`;
    const early = await bench.input(workerId, 'before the command');
    await bench.create('no-such-agent', {}, requestId);
    await bench.start();
    const response = await bench.response(requestId);
    expect(response).toMatchObject({ success: false, worker_id: null });
    expect(response.error).toContain('there is no agent named "no-such-agent"; the agents file knows: changes-nothing');
    const failed = { status: 'failed', reason: 'unknown_agent', worker_id: workerId, epoch: 7 };
    expect(await bench.output(early)).toMatchObject(failed);
    const late = await bench.input(workerId, 'after the answer');
    expect(await bench.output(late)).toMatchObject({ ...failed, task_id: `task_${late}`, error: response.error });
    await waitFor(
      'the stream to be gone',
      async () => !(await bench.redis.exists(`worker:developer:${workerId}:input`)),
    );
    expect(await bench.folders()).toEqual([]);
  });

  it('takes no command from a message, and no agent that has no adapter', async () => {
    await bench.start();
    const requestId = randomUUID();
    await bench.create('constructor', {}, requestId);
    expect(await bench.response(requestId)).toMatchObject({ success: false });
    const other = randomUUID();
    const workerId = await bench.create('forever', { agent: 'claude-code' }, other);
    const input = await bench.input(workerId, 'Do it');
    expect((await bench.response(other)).error).toContain('claude-code is not available');
    expect(await bench.output(input)).toMatchObject({ reason: 'unknown_agent' });
  });

  it('clones what the API says is the repository of its project, also where the command does not say', async () => {
    await bench.start();
    const repository = { repo_full_name: 'local/proj_1', ref: 'main', read_only: true };
    for (const repo of [repository, { ...repository, clone_url: 'local/proj_1.git' }]) {
      const workerId = await bench.create('changes-nothing', { repo });
      expect(await bench.output(await bench.input(workerId, 'Look'))).toMatchObject({ status: 'success' });
    }
  });

  it('clones no repository but that of its project, and nothing that is none', async () => {
    await bench.start();
    const own = 'local/proj_1';
    const others: [object, string, string][] = [
      [
        { repo_full_name: 'local/proj_2' },
        'not_allowed',
        `clones ${own}, at the clone_url of the project, and no other`,
      ],
      [{ repo_full_name: own, clone_url: 'local/proj_2.git' }, 'not_allowed', 'and no other'],
      [{ repo_full_name: own, clone_url: 'https://example.org/x.git' }, 'not_allowed', 'and no other'],
      [{ repo_full_name: 'local/proj_2', clone_url: 'local/proj_1.git' }, 'not_allowed', 'and no other'],
    ];
    for (const [repo, reason, why] of others) {
      const requestId = randomUUID();
      await bench.create('forever', { repo: { ref: 'main', read_only: false, ...repo } as never }, requestId);
      expect(await bench.response(requestId)).toMatchObject({
        success: false,
        reason,
        error: expect.stringContaining(why),
      });
    }
  });

  it('of no project clones the repository of a name, or what a URL in the folder names, and nothing outside', async () => {
    await bench.start();
    const create = async (repo: object) => {
      const request_id = randomUUID();
      await bench.send({
        ...{ command: 'create', request_id, context: {} },
        config: {
          ...{ name: 'test', agent: 'custom', agent_config: 'changes-nothing', capabilities: [], env_vars: {} },
          repo: { repo_full_name: 'a/b', ref: 'main', read_only: true, ...repo },
        },
      });
      return bench.response(request_id);
    };
    for (const repo of [{ repo_full_name: 'local/proj_1' }, { clone_url: `file://${bench.repository.path}` }]) {
      expect(await create(repo)).toMatchObject({ success: true });
    }
    expect(await create({})).toMatchObject({
      success: false,
      error: expect.stringContaining('no project has a repository'),
    });
    for (const clone_url of [
      '--upload-pack=id',
      'ext::sh -c id',
      '/etc',
      '../workers',
      'http://127.0.0.1/x',
      'file:///',
    ]) {
      const error = expect.stringContaining('clone_url must be a path in the folder of repositories');
      expect(await create({ clone_url })).toMatchObject({ success: false, reason: 'not_allowed', error });
    }
  });

  it('refuses a repository whose name is none', async () => {
    await bench.start();
    for (const name of ['../repos/local', 'local/..', '/etc', 'a/b/c', '-x/y']) {
      const requestId = randomUUID();
      const workerId = await bench.create(
        'writes-file',
        { repo: { repo_full_name: name, ref: 'main', read_only: false } },
        requestId,
      );
      const input = await bench.input(workerId, 'Do it');
      expect(await bench.response(requestId), name).toMatchObject({ success: false });
      expect(await bench.output(input)).toMatchObject({ reason: 'spawn_failed' });
    }
  });

  it('waits for a slot on disk while deletes go on being served', async () => {
    await bench.start({ maxWorkers: 1 });
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()] as const;
    await bench.create('forever', {}, first);
    await bench.response(first);
    await bench.create('writes-file', {}, second);
    await bench.create('writes-file', {}, third);
    const turn = await bench.input(`w-${second}`, 'Write this');
    for (const waiting of [second, third]) {
      await waitFor('both to wait', async () => (await status(`w-${waiting}`)).status === 'starting');
    }
    expect(await bench.responses(second)).toEqual([]);
    expect(await processesWith(`WORKER_ID=w-${second}`)).toEqual([]);
    expect(await bench.delete(`w-${third}`)).toMatchObject({ success: true });
    expect(await bench.response(third)).toMatchObject({ success: false });
    await bench.delete(`w-${first}`);
    expect(await bench.response(second)).toMatchObject({ success: true });
    expect(await bench.output(turn)).toMatchObject({ status: 'success' });
  });
});

describe('a tester', () => {
  it('starts while a developer that waits for it holds the only slot', async () => {
    await bench.start({ maxWorkers: 1 });
    const developer = await bench.create('writes-file');
    const turn = await bench.input(developer, 'Write this');
    expect(await bench.output(turn)).toMatchObject({ status: 'success' });
    const repo = { repo_full_name: 'local/proj_1', ref: 'main', read_only: true };
    const tester = await bench.create('writes-file', { repo });
    expect(await bench.output(await bench.input(tester, 'Test this'))).toMatchObject({ status: 'success' });
    expect(await status(developer)).toMatchObject({ status: 'idle' });
  });
});

const runningTask = {
  ...{ id: 'task_1', type: 'engineering', status: 'running', reason: null, result: null, error: null, attempt: 1 },
  ...{ cancel_requested: false, request_id: 'r', correlation_id: 'c', finished_at: null },
  ...{ created_at: wireNow(), updated_at: wireNow(), started_at: wireNow() },
};

describe('variables of an agent', () => {
  const secretApi = async () => {
    let away = false;
    const server = createServer((request, response) => {
      if (away) return void response.writeHead(503).end();
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json');
        const task = { ...runningTask, project_id: 'proj_1', epoch: 7 };
        const others = request.url?.startsWith('/tasks/') ? task : { values: { TOKEN: 'hunter2-hunter2' } };
        const answer = answerOfProjects(request.url) ?? others;
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      setAway: (value: boolean) => {
        away = value;
      },
      stop: () => new Promise((resolve) => server.close(resolve)),
    };
  };

  it('that are references are resolved for the agent alone: no file, log, argv or stream holds the value', async () => {
    const api = await secretApi();
    try {
      await bench.start({ api: { url: api.url, token: 'cgk_test' } });
      const env_vars = { TOKEN: 'vault:project/proj_1/TOKEN', PLAIN: 'visible' };
      const workerId = await bench.create('prints-secrets-of-env', { env_vars });
      const turn = await bench.input(workerId, 'Tell me', { task_id: 'task_env' });
      expect(await bench.output(turn)).toMatchObject({ status: 'success', summary: 'token: [redacted]' });
      const environment = JSON.parse(await bench.repository.git('show', 'task/task_env/7:environment.json'));
      expect(environment).toMatchObject({ TOKEN: 'hunter2-hunter2', PLAIN: 'visible' });
      expect(Object.keys(environment)).not.toContain('REDIS_URL');
      const files = ['worker.json', 'wrapper.log'].map((name) =>
        readFile(join(bench.workersDir, workerId, name), 'utf8'),
      );
      const [wrapper] = await processesWith(`WORKER_ID=${workerId}`);
      const argv = await readFile(`/proc/${wrapper}/cmdline`, 'utf8');
      const streams = await Promise.all(
        (await bench.redis.keys('*')).map(async (key) =>
          (await bench.redis.type(key)) === 'stream' ? bench.redis.xrange(key, '-', '+') : bench.redis.dump(key),
        ),
      );
      const seen = JSON.stringify([await Promise.all(files), argv, bench.logged, streams]);
      expect(seen).toContain('visible');
      expect(seen).not.toContain('hunter2');
    } finally {
      await api.stop();
    }
  });

  it("that are secrets, and the worker's own, are in no environment or command line that an agent can read, but in its own", async () => {
    const api = await secretApi();
    await bench.redis.config('SET', 'requirepass', 'swordfish');
    const redisUrl = bench.server.url.replace('//', '//:swordfish@');
    // What worker-manager, the wrapper and its git processes show of themselves.
    const look = join(bench.folder, 'look');
    await writeFile(
      look,
      `#!/bin/sh
       for process in $(grep -l '^WORKER_ID=' /proc/[0-9]*/environ -z 2>/dev/null); do
         cat "$process" "\${process%environ}cmdline" | tr '\\0' '\\n'; done >> "${bench.folder}/seen-by-$1"`,
      { mode: 0o755 },
    );
    const hook = join(bench.repository.path, 'hooks', 'pre-receive');
    await writeFile(hook, `#!/bin/sh\n${look} git`, { mode: 0o755 });
    const command = ['/bin/sh', '-c', `${look} agent; echo "$TOKEN" > ../given; echo work > work`];
    const looking = { command, allowEnv: ['TOKEN'] };
    try {
      await bench.start({ redisUrl, api: { url: api.url, token: 'cgk_test' }, agents: { looking } });
      const workerId = await bench.create('looking', { env_vars: { TOKEN: 'vault:project/proj_1/TOKEN' } });
      const turn = await bench.input(workerId, 'Look around', { task_id: 'task_look' });
      expect(await bench.output(turn)).toMatchObject({ status: 'success', branch: 'task/task_look/7' });
      expect(await readFile(join(bench.workersDir, workerId, 'given'), 'utf8')).toBe('hunter2-hunter2\n');
      for (const [who, whom] of [
        ['agent', 'worker-wrapper'],
        ['git', 'receive-pack'],
      ]) {
        const seen = await readFile(join(bench.folder, `seen-by-${who}`), 'utf8');
        expect(seen).toContain(`WORKER_ID=${workerId}`);
        expect(seen).toContain(whom);
        expect(seen).not.toMatch(/swordfish|redis:|cgk_|hunter2/);
      }
    } finally {
      await api.stop();
    }
  });

  it('keep their worker waiting while the vault is away', async () => {
    const api = await secretApi();
    try {
      api.setAway(true);
      await bench.start({ api: { url: api.url, token: 'cgk_test' } });
      const requestId = randomUUID();
      await bench.create('forever', { env_vars: { TOKEN: 'vault:project/proj_1/TOKEN' } }, requestId);
      await waitFor('the wait', () => bench.logged.some((line) => line.includes('a worker waits for the API')), {
        timeoutMs: 40_000,
      });
      expect(await bench.responses(requestId)).toEqual([]);
      api.setAway(false);
      expect(
        await waitFor('the answer', async () => (await bench.responses(requestId))[0], { timeoutMs: 40_000 }),
      ).toMatchObject({ success: true });
    } finally {
      await api.stop();
    }
  });

  it('are refused where they would choose what runs, or give the manager’s own credentials away', async () => {
    await bench.start();
    const refused = {
      ...{ LD_PRELOAD: '/tmp/x.so', PATH: '/tmp', BASE_URL: 'https://stranger', HTTPS_PROXY: 'http://stranger' },
      ...{ TOKEN: 'env:REDIS_URL', API_SECRET: 'vault:project/p/NAME', PLAIN: 'env:HOME' },
    };
    for (const [name, value] of Object.entries(refused)) {
      const requestId = randomUUID();
      const workerId = await bench.create('forever', { env_vars: { [name]: value } }, requestId);
      const input = await bench.input(workerId, 'Do it');
      const response = await bench.response(requestId);
      expect(response.success, name).toBe(false);
      expect(response.error).toContain(name);
      expect(await bench.output(input)).toMatchObject({ reason: 'spawn_failed' });
      expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
    }
  });

  it('are no secret of another project than that of the running task', async () => {
    const api = await secretApi();
    try {
      await bench.start({ api: { url: api.url, token: 'cgk_test' } });
      const refusedWith = async (config: object, why: string) => {
        const requestId = randomUUID();
        await bench.create('forever', config, requestId);
        expect(await bench.response(requestId)).toMatchObject({ success: false, error: expect.stringContaining(why) });
      };
      await refusedWith({ env_vars: { TOKEN: 'vault:project/proj_2/TOKEN' } }, 'is of another project');
    } finally {
      await api.stop();
    }
  });
});

describe('delete', () => {
  it('ends a running turn with all its processes and answers it as cancelled', async () => {
    await bench.start();
    const workerId = await bench.create('spawns-children');
    const turn = await bench.input(workerId, 'stay');
    const waiting = await bench.input(workerId, 'after that');
    await bench.saying(turn, 'children started');
    expect(await status(workerId)).toMatchObject({ status: 'busy' });
    expect((await processesIn(join(bench.workersDir, workerId))).length).toBeGreaterThan(4);
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'cancelled', epoch: 7 });
    expect(await bench.output(waiting)).toMatchObject({ status: 'failed', reason: 'cancelled' });
    expect(await processesWith(`AGENT_RUN_ID=${workerId}/`)).toEqual([]);
    expect(await processesIn(join(bench.workersDir, workerId))).toEqual([]);
    await expect(access(join(bench.workersDir, workerId))).rejects.toThrow('ENOENT');
  });

  it('of a worker that is not there succeeds, and a create that comes after it starts nothing', async () => {
    await bench.start();
    const requestId = randomUUID();
    expect(await bench.delete(`w-${requestId}`)).toMatchObject({ success: true });
    expect(await bench.delete('../..')).toMatchObject({ success: true });
    const workerId = await bench.create('forever', {}, requestId);
    const input = await bench.input(workerId, 'Do it');
    expect(await bench.response(requestId)).toMatchObject({ success: false, error: 'the worker was deleted' });
    expect(await bench.output(input)).toMatchObject({ reason: 'cancelled' });
    expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
    await access(bench.workersDir);
  });
});

describe('send_message', () => {
  const ask = async (workerId: string, message: string) => {
    const requestId = randomUUID();
    const about = { request_id: requestId, correlation_id: `of-${requestId}`, worker_id: workerId };
    await bench.send({ command: 'send_message', ...about, message, timeout: 60 });
    return requestId;
  };

  it('is answered with the text of its turn', async () => {
    await bench.start();
    const workerId = await bench.create('writes-file', { worker_type: 'po', repo: undefined });
    const created = await waitFor('the worker', () => bench.responses(workerId.slice(2)).then((all) => all[0]));
    expect(created.success).toBe(true);
    const question = await ask(workerId, 'What is up?');
    expect(await bench.response(question)).toMatchObject({ success: true, response: 'Wrote the prompt', error: null });
    const said = await bench.all<{ text: string }>(`worker:po:${workerId}:output`);
    expect(said).toMatchObject([{ request_id: question, text: 'Wrote the prompt', is_final: true }]);
  });

  it('fails when the worker is unknown, or dies on it', async () => {
    await bench.start();
    expect(await bench.response(await ask('w-nobody', 'Hello?'))).toMatchObject({ success: false });
    const workerId = await bench.create('forever');
    await bench.response(workerId.slice(2));
    const question = await ask(workerId, 'Hello?');
    await waitFor('the turn', async () => (await status(workerId)).status === 'busy');
    const [input] = await bench.all<{ correlation_id: string }>(`worker:developer:${workerId}:input`);
    expect(input?.correlation_id).toBe(`of-${question}`);
    process.kill(await bench.wrapper(workerId), 'SIGKILL');
    expect(await bench.response(question)).toMatchObject({ success: false, error: 'the worker died without a word' });
    expect(await bench.response(await ask(workerId, 'Hello?'))).toMatchObject({ success: false });
  });
});

describe('send_file', () => {
  it('writes into the clone or the home, and nowhere else', async () => {
    await bench.start();
    const workerId = await bench.create('forever');
    await bench.response(workerId.slice(2));
    const folder = join(bench.workersDir, workerId);
    const outside = join(bench.folder, 'outside');
    await mkdir(outside);
    await mkdir(join(folder, 'repo'), { recursive: true });
    await symlink(outside, join(folder, 'repo', 'link'));
    await writeFile(join(outside, 'target'), 'untouched');
    await symlink(join(outside, 'target'), join(folder, 'home', 'link'));
    const put = async (path: string) => {
      const requestId = randomUUID();
      await bench.send({
        command: 'send_file',
        request_id: requestId,
        worker_id: workerId,
        path,
        content: 'content\n',
      });
      return (await bench.response(requestId)).success;
    };
    expect(await put('repo/docs/a.txt')).toBe(true);
    expect(await put('home/notes.txt')).toBe(true);
    expect(await readFile(join(folder, 'repo', 'docs', 'a.txt'), 'utf8')).toBe('content\n');
    for (const path of [
      '../escape.txt',
      'repo/../../escape.txt',
      `${outside}/a.txt`,
      'worker.json',
      'outbox/a.json',
      'repo/.git/config',
      'repo/link/a.txt',
      'home/link',
      'repo',
      '',
    ]) {
      expect(await put(path), path).toBe(false);
    }
    expect(await readdir(outside)).toEqual(['target']);
    expect(await readFile(join(outside, 'target'), 'utf8')).toBe('untouched');
  });
});

it('warns that workers are processes of this account', async () => {
  await bench.start({ agents });
  expect(bench.logged.filter((line) => line.includes('only for agents that you trust'))).toHaveLength(1);
});
