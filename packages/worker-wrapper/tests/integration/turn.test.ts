import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storable } from '@codegen/sdk/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { processesCalled, processesIn, processesWith } from '../support/processes.js';
import { fixture, startBench } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

describe('a turn', () => {
  it('runs the agent in a fresh clone, pushes to the branch of its attempt and reports what git says', async () => {
    const worker = bench.worker('writes-file');
    await worker.send('turn-ok', 'Write it down', { task_id: 'task_ok', epoch: 3 });
    const output = await worker.output('turn-ok');
    expect(output).toMatchObject({
      status: 'success',
      error: null,
      task_id: 'task_ok',
      epoch: 3,
      branch: 'task/task_ok/3',
      files_changed: ['prompt.txt', 'turns.txt'],
      summary: 'Wrote the prompt',
      exit_code: 0,
    });
    const { git } = bench.repository;
    expect(await git('rev-parse', 'task/task_ok/3')).toBe(output.commit_sha);
    expect(await git('show', 'task/task_ok/3:prompt.txt')).toBe('Write it down');
    expect(await git('log', '-1', '--format=%an <%ae>', 'task/task_ok/3')).toBe(
      'Developer agent <agent@codegen.invalid>',
    );
    await waitFor('the input to be acknowledged', async () => (await worker.unacknowledged()) === 0);
    const events = (await worker.lifecycle()).map(({ event, request_id }) => [event, request_id]);
    expect(events).toEqual([
      ['started', null],
      ['started', 'turn-ok'],
      ['completed', 'turn-ok'],
    ]);
    expect(await worker.progress('turn-ok')).toMatchObject([
      { type: 'progress', message: 'writing', current_step: 'develop', task_id: 'task_ok' },
    ]);
  });

  it('goes on in the same clone and session on the next turn, with a moved base merged in', async () => {
    const worker = bench.worker('writes-file');
    await worker.send('round-1', 'one', { task_id: 'task_rounds' });
    const first = await worker.output('round-1');
    await bench.repository.commit({ 'moved.txt': 'main moved\n' });
    await worker.send('round-2', 'two', { task_id: 'task_rounds' });
    const second = await worker.output('round-2');
    const { git } = bench.repository;
    expect(second).toMatchObject({ status: 'success', branch: 'task/task_rounds/1' });
    expect(await git('merge-base', '--is-ancestor', first.commit_sha as string, 'task/task_rounds/1')).toBe('');
    expect(await git('merge-base', '--is-ancestor', 'main', 'task/task_rounds/1')).toBe('');
    const sessions = (await git('show', 'task/task_rounds/1:turns.txt')).trim().split('\n');
    expect(sessions).toHaveLength(2);
    expect(new Set(sessions).size).toBe(1);
  });

  it('fails with no_changes when the agent changed nothing, whatever it reports', async () => {
    const worker = bench.worker('changes-nothing');
    await worker.send('nothing', 'Do it', { task_id: 'task_nothing' });
    expect(await worker.output('nothing')).toMatchObject({
      status: 'failed',
      reason: 'no_changes',
      summary: 'All good',
      branch: null,
    });
    expect(await bench.repository.git('branch', '--list', 'task/task_nothing/*')).toBe('');
  });

  it('fails with agent_failed and the end of stderr when the agent exits with an error', async () => {
    const worker = bench.worker('exits-nonzero');
    await worker.send('broken', 'Do it');
    const output = await worker.output('broken');
    expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed', exit_code: 3 });
    expect(output.error).toContain('something is missing');
    expect((await worker.lifecycle()).at(-1)).toMatchObject({ event: 'failed', request_id: 'broken', exit_code: 3 });
  });

  it('fails with agent_failed when the agent cannot be started', async () => {
    const worker = bench.worker(['/no/such/agent']);
    await worker.send('no-agent', 'Do it');
    const output = await worker.output('no-agent');
    expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed' });
    expect(output.error).toContain('/no/such/agent');
  });

  it('fails with clone_failed when there is no such ref, or no such repository', async () => {
    const noRef = bench.worker('writes-file', { REPO_REF: 'nowhere' });
    await noRef.send('no-ref', 'Do it');
    expect(await noRef.output('no-ref')).toMatchObject({ status: 'failed', reason: 'clone_failed' });
    const noRepository = bench.worker('writes-file', { REPO_URL: '/no/such/repository.git' });
    await noRepository.send('no-repository', 'Do it');
    expect(await noRepository.output('no-repository')).toMatchObject({ status: 'failed', reason: 'clone_failed' });
  });

  it('fails with push_failed rather than overwrite a branch that is not its own', async () => {
    const theirs = await bench.repository.commit({ 'theirs.txt': 'theirs\n' }, 'task/task_taken/1');
    const worker = bench.worker('writes-file');
    await worker.send('taken', 'Do it', { task_id: 'task_taken' });
    expect(await worker.output('taken')).toMatchObject({ status: 'failed', reason: 'push_failed' });
    expect(await bench.repository.git('rev-parse', 'task/task_taken/1')).toBe(theirs);
  });

  it('clones a commit by its id and pushes nothing when it is read-only', async () => {
    const sha = await bench.repository.git('rev-parse', 'main');
    await bench.repository.commit({ 'later.txt': 'later\n' });
    const worker = bench.worker('writes-file', { REPO_REF: sha, REPO_READ_ONLY: 'true' });
    await worker.send('read-only', 'Do it', { task_id: 'task_read_only' });
    expect(await worker.output('read-only')).toMatchObject({ status: 'success', commit_sha: sha, branch: null });
    expect(await bench.repository.git('branch', '--list', 'task/task_read_only/*')).toBe('');
    expect(await worker.progress('read-only')).toMatchObject([{ current_step: 'test' }]);
  });

  it('takes a prompt of 300 KB, byte for byte', async () => {
    const worker = bench.worker('writes-file');
    const prompt = `${'Ein großer Wunsch — 大きな願い 🚀\n'.repeat(7000)}the end`;
    expect(Buffer.byteLength(prompt)).toBeGreaterThan(300_000);
    await worker.send('large', prompt, { task_id: 'task_large' });
    expect(await worker.output('large')).toMatchObject({ status: 'success' });
    const { stdout } = await import('execa').then(({ execa }) =>
      execa('git', ['-C', bench.repository.path, 'show', 'task/task_large/1:prompt.txt'], { stripFinalNewline: false }),
    );
    expect(stdout === prompt).toBe(true);
  });

  it('does not mind an agent that leaves its prompt unread', async () => {
    const worker = bench.worker('changes-nothing');
    await worker.send('unread', 'x'.repeat(400_000));
    expect(await worker.output('unread')).toMatchObject({ reason: 'no_changes', exit_code: 0 });
  });

  it.each(['success', 'failed', 'dies'])(
    'ends a turn of hostile text, %s, with storable texts without secrets',
    async (end) => {
      const secret = 'hunter2/pä+ss "word"';
      const worker = bench.worker([...fixture('hostile-text'), end], {
        AGENT_ENV: JSON.stringify({ TOKEN: secret }),
        AGENT_SECRET_NAMES: '["TOKEN"]',
      });
      const task_id = `task_hostile_${end}`;
      await worker.send(`hostile-${end}`, 'Go', { task_id });
      const output = await worker.output(`hostile-${end}`);
      expect(output.status).toBe(end === 'success' ? 'success' : 'failed');
      const texts = [output, worker.log, await worker.lifecycle(), await worker.progress(`hostile-${end}`)];
      const lines = (await bench.redis.xrange(`worker:${worker.id}:log`, '-', '+')).map(([, fields]) =>
        JSON.parse(fields[1] as string),
      );
      const commit = await bench.repository.git('log', '-1', '--format=%B', `task/${task_id}/1`);
      const all = JSON.stringify([texts, lines, commit]);
      expect(all.length).toBeGreaterThan(500);
      expect(storable([texts, lines, commit])).toEqual([texts, lines, commit]);
      const bytes = Buffer.from(secret);
      for (const form of [
        secret,
        bytes.toString('base64').slice(0, -3),
        bytes.toString('hex'),
        encodeURIComponent(secret),
        'hunter2',
        'word',
      ]) {
        expect(all).not.toContain(form);
      }
      expect(Buffer.byteLength(output.error ?? output.summary ?? '')).toBeLessThanOrEqual(16 * 1024);
    },
  );

  it('gives the agent an allowlisted environment and redacts secrets in all its output', async () => {
    const worker = bench.worker('prints-secrets-of-env', {
      AGENT_ENV: JSON.stringify({ TOKEN: 'hunter2-hunter2', PLAIN: 'visible' }),
      AGENT_SECRET_NAMES: '["TOKEN"]',
      NODE_OPTIONS: '--no-warnings',
    });
    await worker.send('env', 'Tell me', { task_id: 'task_env' });
    const output = await worker.output('env');
    expect(output).toMatchObject({ status: 'success', summary: 'token: [redacted]' });
    const environment = JSON.parse(await bench.repository.git('show', 'task/task_env/1:environment.json'));
    expect(Object.keys(environment).sort()).toEqual(
      [
        'AGENT_RUN_ID',
        'AGENT_SESSION_ID',
        'GIT_CEILING_DIRECTORIES',
        'HOME',
        'LANG',
        'ORCHESTRATOR_RESPOND_SOCKET',
        'PATH',
        'PLAIN',
        'TMPDIR',
        'TOKEN',
      ].sort(),
    );
    expect(environment).toMatchObject({
      AGENT_RUN_ID: `${worker.id}/env`,
      HOME: join(bench.folder, worker.id, 'home'),
    });
    const said = JSON.stringify([await worker.outputs(), await worker.lifecycle(), await worker.progress('env')]);
    expect(said).not.toContain('hunter2');
    expect(worker.log).not.toContain('hunter2');
  });

  it('throttles progress, bounds each line and keeps the last one', async () => {
    const noisy =
      "for (let i = 0; i < 5000; i += 1) console.log('\\u001b[31mline ' + i + '\\u0007 ' + 'x'.repeat(2000)); console.log('last');";
    const worker = bench.worker([process.execPath, '-e', noisy]);
    const startedAt = Date.now();
    await worker.send('noisy', 'Talk', { task_id: 'task_noisy' });
    await worker.output('noisy');
    const seconds = (Date.now() - startedAt) / 1000;
    const messages = (await worker.progress('noisy')).map(({ message }) => message ?? '');
    expect(messages.length).toBeLessThanOrEqual(5 * seconds + 2);
    expect(messages.at(-1)).toBe('last');
    expect(Math.max(...messages.map((message) => message.length))).toBe(500);
    expect(messages.join('')).not.toMatch(/\p{Cc}/u);
  });
});

describe('the end of a turn', () => {
  it('comes after its timeout, with nothing left of an agent that ignores SIGTERM', async () => {
    const worker = bench.worker('ignores-sigterm');
    await worker.send('deaf', 'Do it', { timeout: 1 });
    expect(await worker.output('deaf')).toMatchObject({ status: 'failed', reason: 'timeout' });
    expect(await processesWith(`AGENT_RUN_ID=${worker.id}/`)).toEqual([]);
  });

  it('ends daemonised grandchildren, also after a normal exit', async () => {
    const worker = bench.worker('spawns-children');
    await worker.send('children', 'go', { task_id: 'task_children' });
    const output = await worker.output('children');
    expect(output).toMatchObject({ status: 'success', files_changed: ['children.txt'] });
    expect(await processesWith(`AGENT_RUN_ID=${worker.id}/`)).toEqual([]);
    expect(await processesIn(join(bench.folder, worker.id))).toEqual([]);
  });

  it('ends them after a timeout too, and pushes the work so far', async () => {
    const worker = bench.worker('spawns-children');
    await worker.send('children-2', 'stay', { timeout: 2, task_id: 'task_children_2' });
    expect(await worker.output('children-2')).toMatchObject({
      status: 'failed',
      reason: 'timeout',
      branch: 'task/task_children_2/1',
    });
    expect(await processesIn(join(bench.folder, worker.id))).toEqual([]);
  });

  it('ends processes that left the session, the environment, the folder and the agent', async () => {
    const seconds = `7${process.pid}${Date.now() % 1000}`;
    // Both the child and the one that it leaves to its session, whose leader is gone. The agent stays for as long as a busy
    // machine may take from one look at its processes to the next.
    const left = `trap "" TERM HUP; sleep ${seconds}1 & exec sleep ${seconds}2`;
    const script = `cd /; env -i PATH="$PATH" setsid sh -c '${left}' <&- >&- 2>&- & sleep 5`;
    const worker = bench.worker(['/bin/sh', '-c', script]);
    await worker.send('escape', 'go');
    const started = () => processesCalled(`sleep ${seconds}`);
    await waitFor('the escaped', async () => (await started()).length === 2);
    await worker.output('escape');
    expect(await started()).toEqual([]);
  });

  it('does not wait for an agent that keeps running after its result', async () => {
    const lingers =
      "require('fs').writeFileSync('x', 'x'); console.log('<result>done</result>'); setInterval(() => {}, 1000);";
    const worker = bench.worker([process.execPath, '-e', lingers], { LINGER_MS: '200' });
    await worker.send('lingers', 'Do it', { task_id: 'task_lingers' });
    expect(await worker.output('lingers')).toMatchObject({ status: 'success', summary: 'done' });
  });
});

describe('a repeated input', () => {
  it('is answered again without running again', async () => {
    const worker = bench.worker('writes-file');
    await worker.send('again', 'Do it', { task_id: 'task_again' });
    const first = await worker.output('again');
    await worker.send('again', 'Do it', { task_id: 'task_again' });
    await waitFor('the second answer', async () => (await worker.outputs()).length === 2);
    expect((await worker.outputs())[1]).toEqual(first);
    expect(await bench.repository.git('rev-list', '--count', 'main..task/task_again/1')).toBe('1');
    const turns = await readFile(join(bench.folder, worker.id, 'repo', 'turns.txt'), 'utf8');
    expect(turns.trim().split('\n')).toHaveLength(1);
  });
});

describe('a wrapper that is stopped', () => {
  it('kills the agent with all its children at once and leaves the input pending', async () => {
    const worker = bench.worker('spawns-children', { TERMINATE_GRACE_MS: '30000' });
    await worker.send('cut', 'stay');
    const isReady = async () => (await worker.progress('cut')).some(({ message }) => message === 'children started');
    await waitFor('the children', isReady);
    const startedAt = Date.now();
    await worker.kill('SIGTERM');
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(await processesIn(join(bench.folder, worker.id))).toEqual([]);
    expect(await worker.outputs()).toEqual([]);
    expect(await worker.unacknowledged()).toBe(1);
    const [pending] = (await bench.redis.xpending(`worker:developer:${worker.id}:input`, 'worker-wrapper')) as [number];
    expect(pending).toBe(1);
    expect((await worker.lifecycle()).at(-1)).toMatchObject({ event: 'stopped', request_id: null });
  });

  it('does not outlive the agent when it is killed itself: the kernel ends the agent', async () => {
    const worker = bench.worker('forever');
    await worker.send('orphan', 'stay');
    await waitFor('the agent', async () => (await processesWith(`AGENT_RUN_ID=${worker.id}/`)).length > 0);
    await worker.kill('SIGKILL');
    await waitFor('the agent to die', async () => (await processesWith(`AGENT_RUN_ID=${worker.id}/`)).length === 0);
  });
});
