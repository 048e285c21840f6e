import { setTimeout as sleep } from 'node:timers/promises';
import { type AnsibleDeployResult, ansibleDeployMessage, ansibleDeployResult } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { type DeployContext, DeployFailure } from '../../src/executors/executor.js';
import { type DeployDeps, handleDeploy } from '../../src/handle-deploy.js';

const message = ansibleDeployMessage.parse({
  request_id: 'r1',
  project_id: 'proj_1',
  project_name: 'shop',
  repo_full_name: 'local/proj_1',
  server_ip: '127.0.0.1',
  port: 18_000,
  github_token_ref: 'none:',
  secrets_ref: 'none:',
});

function deps(deploy: () => Promise<{ url: string }>) {
  const answers: AnsibleDeployResult[] = [];
  const calls: string[] = [];
  const all: DeployDeps = {
    check: async (one) => ({ ...one, clone_url: 'local/proj_1.git' }),
    executorOf: () => ({
      deploy: () => {
        calls.push('deploy');
        return deploy();
      },
    }),
    wanted: async () => true,
    fault: async () => undefined,
    progress: async (text) => void calls.push(text),
    signal: new AbortController().signal,
  };
  return { all, answers, calls };
}

test('A deploy that serves is answered with its address', async () => {
  const { all, answers } = deps(async () => ({ url: 'http://127.0.0.1:18000' }));
  answers.push(await handleDeploy(message, all));
  expect(ansibleDeployResult.parse(answers[0])).toMatchObject({
    request_id: 'r1',
    status: 'success',
    deployed_url: 'http://127.0.0.1:18000',
    server_ip: '127.0.0.1',
    port: 18_000,
    error: null,
  });
});

test('A failure is answered with reason, output and exit code', async () => {
  const details = { stdout: 'out', stderr: 'err', exitCode: 7 };
  const { all, answers } = deps(() => Promise.reject(new DeployFailure('start_failed', 'it ended', details)));
  answers.push(await handleDeploy(message, all));
  expect(ansibleDeployResult.parse(answers[0])).toMatchObject({
    status: 'failed',
    error: 'it ended',
    reason: 'start_failed',
    stdout: 'out',
    stderr: 'err',
    exit_code: 7,
    deployed_url: null,
  });
});

test('An error that is no outcome is left to the retry policy, unanswered', async () => {
  const { all, answers } = deps(() => Promise.reject(new Error('disk full')));
  await expect(handleDeploy(message, all)).rejects.toThrow('disk full');
  expect(answers).toEqual([]);
});

test('A deploy that nobody wants any more is given up at once, whatever it is at, and answered', async () => {
  const { all, answers } = deps(() => Promise.reject(new Error('it has not begun')));
  const asked = [true, new Error('the API is away'), false];
  const wanted = async () => {
    const next = asked.shift();
    if (next instanceof Error) throw next;
    return next ?? false;
  };
  const executor = {
    deploy: (_: unknown, { signal }: DeployContext) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  answers.push(await handleDeploy(message, { ...all, wanted, executorOf: () => executor, wantedEveryMs: 5 }));
  expect(answers).toMatchObject([{ status: 'failed', error: expect.stringContaining('has ended') }]);
});

test('An API that does not answer is asked one question at a time whether a deploy is still wanted', async () => {
  let asked = 0;
  const wanted = () => {
    asked += 1;
    return new Promise<boolean>(() => undefined);
  };
  const { all, answers } = deps(async () => {
    await sleep(100);
    return { url: 'http://127.0.0.1:18000' };
  });
  answers.push(await handleDeploy(message, { ...all, wanted, wantedEveryMs: 2 }));
  expect([asked, answers.length]).toEqual([1, 1]);
});

test('What does not fit its project is answered as refused: nothing runs, and no task is told', async () => {
  const { all, answers, calls } = deps(async () => ({ url: 'http://127.0.0.1:18000' }));
  answers.push(
    await handleDeploy(message, {
      ...all,
      check: () => Promise.reject(new DeployFailure(undefined, 'refused: forged')),
    }),
  );
  expect(answers).toMatchObject([{ request_id: 'r1', status: 'failed', error: 'refused: forged', server_ip: null }]);
  expect(calls).toEqual([]);
});
