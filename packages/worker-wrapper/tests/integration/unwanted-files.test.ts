import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTurns } from '../support/agent-turn.js';

let turns: Awaited<ReturnType<typeof startTurns>>;
beforeAll(async () => {
  turns = await startTurns();
});
afterAll(() => turns.stop());

it('unwanted files are excluded by name, also if the agent committed them; deleting them fixes the turn', async () => {
  const worker = await turns.worker();
  const { problem } = await worker.turn(`
    mkdir -p src web/node_modules/a keys; echo w > src/w; echo T=1 > .env; git add -f .env; git commit -qm env
    echo a > web/node_modules/a/a.js; printf -- '-----BEGIN RSA PRIVATE KEY-----\\n' > keys/mine.txt
    truncate -s 51M src/big; ln -s /etc/passwd src/style.css; ln -s ../src/w keys/w; echo E=1 > .env.example`);
  for (const name of [
    '.env (',
    'web/node_modules/a/a.js (',
    'keys/mine.txt (it contains a private key)',
    'src/big (',
  ]) {
    expect(problem).toContain(name);
  }
  expect(problem).toContain('src/style.css (a link that leads out of the repository)');
  expect(problem).toContain('"files" of .project.yml');
  const kept = ['100644 .env.example', '100644 README.md', '120000 keys/w', '100644 src/w'];
  expect(await worker.tree()).toEqual(kept);
  expect(await turns.repository.git('log', '--format=%s', `main..${worker.branch}`)).toBe('Work of the agent');
  expect((await worker.turn('echo more > src/w')).problem).toContain('.env (');
  const mended = await worker.turn('rm -r .env web keys/mine.txt src/big src/style.css');
  expect(mended.problem).toBeUndefined();
  expect(mended.files).toContain('src/w');
});

it('a project extends the rules in .project.yml', async () => {
  const worker = await turns.worker();
  const { problem, warnings } = await worker.turn(`
    mkdir -p test/keys dist; echo k > test/keys/id_rsa; truncate -s 51M test/keys/big; echo d > dist/d; echo p > a.pem
    printf 'test: [x]\\nstart: [x]\\nfiles:\\n  test/**/keys: allow\\n  dist: refuse\\n' > .project.yml`);
  expect(problem).toMatch(/commit: dist\/d \(the rule "dist" refuses it\);/);
  expect(warnings).toEqual([expect.stringMatching(/^a\.pem is in the commit: /)]);
});

it('files of the base branch are not reported again', async () => {
  await turns.repository.commit({ 'old.pem': 'o\n', '.env': 'A=1\n', key: '-----BEGIN PRIVATE KEY-----\n' });
  const worker = await turns.worker();
  expect(await worker.turn('echo w > w; echo more >> key')).toMatchObject({ problem: undefined, warnings: [] });
  expect((await worker.turn('echo A=2 > .env')).problem).toContain('.env (');
  expect(await worker.pushed('.env')).toBe('A=1');
});
