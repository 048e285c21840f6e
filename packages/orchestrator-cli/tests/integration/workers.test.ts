import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBench } from '../../../../services/worker-manager/tests/support/bench.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

let bench: Awaited<ReturnType<typeof startBench>>;
let machine: Machine;
beforeAll(async () => {
  bench = await startBench();
  await bench.start();
  machine = await makeMachine({ ORCHESTRATOR_REDIS_URL: bench.server.url });
});
afterAll(async () => {
  await machine.remove();
  await bench.stop();
});

const worker = (...args: string[]) => machine.run(['worker', ...args]);

describe('worker', () => {
  it('create, list, send-file, send, get, logs and delete follow a worker through its life', async () => {
    const create = ['create', '--agent-config', 'writes-file', '--repo', 'local/proj_1', '--idempotency-key', 'k'];
    const created = await worker(...create, '--json');
    const id = String(envelopeOf(created).data.worker_id);
    await writeFile(join(machine.folder, 'notes.md'), '# Notes\n');
    const [again, other, list, file] = await Promise.all([
      worker(...create, '--json'),
      worker(...create, '--name', 'other', '--json'),
      worker('list'),
      worker('send-file', id, 'notes.md', '--json'),
    ]);
    const sent = await machine.run(['worker', 'send', id, '-'], { stdin: 'Write this' });
    const [got, logs] = await Promise.all([worker('get', id, '--json'), worker('logs', id, '--json')]);
    const offered = await machine.run(['completion', 'fish', '--complete'], { stdin: 'orchestrator worker get ' });
    const unasked = await worker('delete', id, '--json');
    const deleted = await worker('delete', id, '--yes');

    expect([created, again, list, file, sent, got, logs, deleted].map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(envelopeOf(again).data.worker_id).toBe(id);
    expect([created, again].map((one) => envelopeOf(one).meta.replayed)).toEqual([undefined, true]);
    expect([other.code, envelopeOf(other).error.code]).toEqual([5, 'IDEMPOTENCY_MISMATCH']);
    expect(list.stdout).toMatch(new RegExp(`${id} +\\w+ +writes-file`));
    expect(offered.stdout).toMatch(new RegExp(`^${id}\t.* idle$`, 'm'));
    expect(envelopeOf(file).data).toEqual({ worker_id: id, path: 'home/notes.md', bytes: 8 });
    expect(sent.stdout).toBe('Wrote the prompt\n');
    expect(envelopeOf(got).data).toMatchObject({ worker_id: id, agent_config: 'writes-file' });
    const lines = logs.stdout.trimEnd().split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line).text)).toContain('writing');
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ ok: true, data: { worker_id: id } });
    expect([unasked.code, envelopeOf(unasked).missing]).toEqual([2, ['--yes']]);
  });

  it('send lets go of a turn after --timeout, with the command that waits for it again', async () => {
    const created = await worker('create', '--agent-config', 'forever', '--json');
    const id = String(envelopeOf(created).data.worker_id);
    const late = await worker('send', id, 'Hello', '--timeout', '300ms', '--json');
    const { code, next, error } = { code: late.code, ...envelopeOf(late) };
    expect([code, error.code]).toEqual([8, 'STILL_RUNNING']);
    const [, ...resume] = (next[0]?.command ?? '').split(' ');
    expect(resume.slice(0, 4)).toEqual(['worker', 'send', id, '--resume']);

    const resumed = machine.start([...resume, '--json']);
    await waitFor('the turn to be seen', async () => (await bench.redis.xlen(`worker:developer:${id}:input`)) > 0);
    await worker('delete', id, '--yes');
    const ended = await resumed.ended;
    expect([ended.code, envelopeOf(ended).error.code]).toEqual([1, 'WORKER_FAILED']);
  });

  it('says what is wrong with what it was given, with the exit code of the table', async () => {
    const [unknown, agent, secret, missing, repo, dry, kept, unset, dryUnknown, dryBuiltIn] = await Promise.all([
      worker('get', 'w-none', '--json'),
      worker('create', '--agent-config', 'no-such-agent', '--json'),
      worker('create', '--agent-config', 'forever', '--env', 'API_TOKEN=sk-very-plain-secret', '--json'),
      worker('create', '--json'),
      worker('create', '--agent-config', 'forever', '--repo', '../etc', '--json'),
      worker('create', '--agent-config', 'forever', '--env', 'API_TOKEN=vault:platform/TOKEN', '--dry-run', '--json'),
      worker('create', '--agent-config', 'forever', '--env', 'PATH=env:PATH', '--json'),
      worker('create', '--agent-config', 'forever', '--env', 'TOKEN=vault:project/p', '--json'),
      worker('create', '--agent-config', 'no-such-agent', '--dry-run', '--json'),
      worker('create', '--agent', 'codex', '--dry-run', '--json'),
    ]);
    const told = [unknown, agent, secret, missing, repo, kept, unset, dryUnknown, dryBuiltIn].map((ended) => [
      ended.code,
      envelopeOf(ended).error.code,
    ]);

    expect(told).toEqual([
      [3, 'NOT_FOUND'],
      [3, 'NOT_FOUND'],
      [2, 'VALIDATION_FAILED'],
      [2, 'INPUT_REQUIRED'],
      [2, 'USAGE'],
      [6, 'FORBIDDEN'],
      [6, 'FORBIDDEN'],
      [3, 'NOT_FOUND'],
      [3, 'NOT_FOUND'],
    ]);
    expect(envelopeOf(unknown).next[0]?.command).toBe('orchestrator worker list');
    expect(envelopeOf(agent).error.message).toMatch(/no agent named "no-such-agent"; the agents file knows: .*forever/);
    expect(envelopeOf(agent).next[0]?.command).toBe('orchestrator worker create --help');
    expect(envelopeOf(kept).error.message).toContain('allowEnv');
    expect(secret.stdout + secret.stderr).not.toContain('sk-very-plain-secret');
    const devops = (...args: string[]) =>
      machine.run(['worker', 'create', '--agent-config', 'forever', '--dry-run', '--json', ...args], {
        env: { ALLOWED_COMMANDS: 'DEVOPS' },
      });
    const [plain, withEnv] = [await devops(), await devops('--env', 'API_TOKEN=env:API_TOKEN')];
    expect([plain.code, withEnv.code]).toEqual([0, 6]);
    expect(envelopeOf(withEnv).error).toMatchObject({ code: 'COMMAND_NOT_ALLOWED' });
    expect(envelopeOf(withEnv).error.message).toContain('worker.create.env');
    expect(envelopeOf(dry).data).toMatchObject({
      dry_run: true,
      config: { env_vars: { API_TOKEN: 'vault:platform/TOKEN' } },
    });
    // It promises no more than it has checked.
    expect(envelopeOf(dry).warnings).toEqual([
      'whether the agent may have these variables is told when the worker is created',
    ]);
    expect(envelopeOf(dryUnknown).error.message).toMatch(/no agent named no-such-agent; .*: .*forever/);
    expect(envelopeOf(dryBuiltIn).error.message).toContain('use --agent-config: there is no agent codex');
    const without = await machine.run(['worker', 'create', '--agent-config', 'forever', '--dry-run', '--json'], {
      env: { ORCHESTRATOR_REDIS_URL: '' },
    });
    expect([without.code, envelopeOf(without).warnings]).toEqual([0, [expect.stringContaining('did not answer')]]);
  });

  it('needs Redis, and diagnose says whether worker-manager answers', async () => {
    const [without, answers] = await Promise.all([
      machine.run(['worker', 'list', '--json'], { env: { ORCHESTRATOR_REDIS_URL: '' } }),
      machine.run(['diagnose', 'workers']),
    ]);

    expect([without.code, envelopeOf(without).error.code]).toEqual([2, 'REDIS_REQUIRED']);
    expect([answers.code, answers.stdout]).toEqual([0, expect.stringContaining('worker-manager answers')]);
  });
});
