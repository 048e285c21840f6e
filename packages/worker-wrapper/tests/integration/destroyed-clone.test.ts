import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBench } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

const agent = (script: string) => ['/bin/sh', '-c', `prompt=$(cat); case "$prompt" in\n${script}\nesac`];

/** An unrelated repository around a folder, with a staged file. */
async function surround(folder: string) {
  const git = async (...args: string[]) => (await execa('git', ['-C', folder, ...args])).stdout;
  await mkdir(folder, { recursive: true });
  await git('init', '--quiet', '--initial-branch', 'main');
  const identity = ['-c', 'user.name=Owner', '-c', 'user.email=owner@codegen.invalid', '-c', 'commit.gpgSign=false'];
  await git(...identity, 'commit', '--quiet', '--allow-empty', '--message', 'theirs');
  await writeFile(join(folder, 'staged.txt'), 'not yours\n');
  await git('add', 'staged.txt');
  return {
    state: () =>
      Promise.all([
        git('rev-parse', 'HEAD'),
        git('diff', '--cached', '--name-only'),
        git('config', '--list', '--local'),
      ]),
  };
}

describe('a clone that the agent destroys', () => {
  it('fails its turn, leaves the repository around the worker alone and is new in the next turn', async () => {
    const outer = join(bench.folder, 'outer');
    const { state } = await surround(outer);
    const before = await state();
    const script = `
      destroy) rm -rf .git; echo gone > gone.txt; git add --all; git commit -q -m mine; true;;
      *) echo "$prompt" >> work.txt;;`;
    const worker = bench.worker(agent(script), { WORKER_DIR: join(outer, 'data', 'w-1') });
    await worker.send('destroy-1', 'first', { task_id: 'task_destroy' });
    const first = await worker.output('destroy-1');
    expect(first).toMatchObject({ status: 'success', files_changed: ['work.txt'] });
    await worker.send('destroy-2', 'destroy', { task_id: 'task_destroy' });
    const second = await worker.output('destroy-2');
    expect(second).toMatchObject({ status: 'failed', reason: 'agent_failed', commit_sha: null });
    expect(second.error).toContain('the agent destroyed the repository');
    expect(await state()).toEqual(before);
    await worker.send('destroy-3', 'third', { task_id: 'task_destroy' });
    expect(await worker.output('destroy-3')).toMatchObject({ status: 'success', files_changed: ['work.txt'] });
    expect(await bench.repository.git('show', 'task/task_destroy/1:work.txt')).toBe('first\nthird');
    expect(await state()).toEqual(before);
  });

  it('counts as destroyed if .git was replaced by a link to another repository', async () => {
    const other = join(bench.folder, 'other');
    const { state } = await surround(other);
    const before = await state();
    const worker = bench.worker(agent(`*) rm -rf .git; echo "gitdir: ${other}/.git" > .git; echo x > x;;`));
    await worker.send('linked', 'link', { task_id: 'task_linked' });
    const output = await worker.output('linked');
    expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed' });
    expect(output.error).toContain('the agent destroyed the repository');
    expect(await state()).toEqual(before);
  });
});

it('an invalid commit without changes fails with the error of the repository', async () => {
  const script = `*) entry=$(printf '100644 blob %s\\ta\\n' $(echo x | git hash-object -w --stdin))
    tree=$(printf '%s\\n%s\\n' "$entry" "$entry" | git mktree)
    git update-ref HEAD $(git commit-tree -p HEAD -m x $tree); rm README.md; git checkout -q HEAD~1 -- README.md;;`;
  const worker = bench.worker(agent(script));
  await worker.send('duplicate', 'go', { task_id: 'task_duplicate' });
  const output = await worker.output('duplicate');
  expect(output).toMatchObject({ status: 'failed', reason: 'push_failed' });
  expect(output.error).toMatch(/duplicateEntries.*the next turn starts in a fresh clone/s);
});

it('a problem that git finds fails a turn that the agent reported as success; the work is pushed', async () => {
  const script = `*) git update-index --add --cacheinfo 160000,${'1'.repeat(40)},web; git commit -qm link; mkdir web; echo w > w;;`;
  const worker = bench.worker(agent(script));
  await worker.send('gitlink', 'go', { task_id: 'task_gitlink' });
  const output = await worker.output('gitlink');
  expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed', branch: 'task/task_gitlink/1' });
  expect(output.error).toMatch(/without their files: web; .*git rm --cached/);
});
