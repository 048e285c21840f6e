import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTurns } from '../support/agent-turn.js';

let turns: Awaited<ReturnType<typeof startTurns>>;
beforeAll(async () => {
  turns = await startTurns();
});
afterAll(() => turns.stop());

/** Two branches that both change `shop/list`, `b.bin` and `gone`; `work` has them first. */
const conflict = `
  mkdir shop; printf 'one\\n' > shop/list; printf 'a\\0' > b.bin; echo g > gone; git add .; git commit -qm base; git branch other
  printf 'ours\\n' > shop/list; git commit -qam ours; git checkout -q other
  printf 'theirs\\n' > shop/list; git commit -qam theirs; git checkout -q work;`;

describe('an unresolved conflict fails the turn with the names of the files', () => {
  it.each([
    ['merge', 'git merge -q other >/dev/null || true'],
    ['cherry-pick', 'git cherry-pick other >/dev/null 2>&1 || true'],
    ['rebase', 'git rebase -q other >/dev/null 2>&1 || true'],
    ['merge in an index of version 4', 'git merge -q other >/dev/null || true; git update-index --index-version 4'],
    ['merge whose state is gone', 'git merge -q other >/dev/null || true; rm .git/MERGE_HEAD'],
  ])('%s', async (_, how) => {
    const worker = await turns.worker();
    const { problem } = await worker.turn(`${conflict} ${how}`);
    expect(problem).toMatch(/unresolved conflicts: shop\/list; .*<<<<<<</);
    expect(problem).not.toMatch(/b\.bin|gone/);
  });
});

it('conflict markers fail the next turns too, until they are removed', async () => {
  const worker = await turns.worker();
  await worker.turn(`${conflict} git merge -q other >/dev/null || true`);
  expect((await worker.turn('echo more > more; git add shop')).problem).toMatch(/shop\/list/);
  expect((await worker.turn('echo both > shop/list')).problem).toBeUndefined();
  expect(await worker.pushed('shop/list')).toBe('both');
});

it('a file that one side changed and the other removed is unresolved', async () => {
  const worker = await turns.worker();
  const { problem } = await worker.turn(`
    echo g > gone; git add .; git commit -qm base; git branch other; git rm -q gone; git commit -qm removed
    git checkout -q other; echo changed > gone; git commit -qam changed; git checkout -q work
    git merge -q other >/dev/null || true`);
  expect(problem).toMatch(/gone/);
  expect((await worker.turn('git rm -q gone')).problem).toBeUndefined();
});

it('a conflict without markers counts as resolved, staged or not', async () => {
  const worker = await turns.worker();
  const { problem } = await worker.turn(`${conflict} git merge -q other >/dev/null || true; echo both > shop/list`);
  expect(problem).toBeUndefined();
});
