import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readState } from '../../src/agent-repository.js';
import { startTurns } from '../support/agent-turn.js';

let turns: Awaited<ReturnType<typeof startTurns>>;
beforeAll(async () => {
  turns = await startTurns();
});
afterAll(() => turns.stop());

const commit = 'git -c user.name=n -c user.email=n@n commit -qm n';
const plain = ['100644 README.md'];

describe('a repository in a subfolder', () => {
  it('is taken in as files, with and without a commit of its own, at any depth, and stays one for the agent', async () => {
    const worker = await turns.worker();
    await worker.turn(`
      mkdir -p app/lib; git init -q app; echo a > app/a.txt; echo "*.log" > app/.gitignore; echo l > app/x.log
      git init -q app/lib; echo b > app/lib/b.txt; (cd app/lib; git add .; ${commit})
      git worktree add -q --detach tree; echo t > tree/t.txt`);
    const taken = ['app/.gitignore', 'app/a.txt', 'app/lib/b.txt', 'tree/README.md', 'tree/t.txt'];
    expect(await worker.tree()).toEqual([...plain, ...taken.map((path) => `100644 ${path}`)]);
    await worker.turn(
      'git -C app/lib log -1 --format=%s > subject; echo c > app/c.txt; test -z "$(git status --porcelain -- tree)"',
    );
    expect(await worker.pushed('subject')).toBe('n');
    expect(await worker.pushed('app/c.txt')).toBe('c');
  });

  it('that the agent has committed as a link is replaced by its files', async () => {
    const worker = await turns.worker();
    const { problem } = await worker.turn(`
      git init -q app; echo a > app/a.txt; (cd app; git add .; ${commit}); git add app 2>/dev/null; git commit -qm link`);
    expect(problem).toBeUndefined();
    expect(await worker.tree()).toEqual([...plain, '100644 app/a.txt']);
    expect(await turns.repository.git('log', '--format=%s', `main..${worker.branch}`)).toBe('Work of the agent\nlink');
  });

  it('that has no files fails the turn with its path, and the next turn can fix it', async () => {
    const worker = await turns.worker();
    const first = await worker.turn(
      `git update-index --add --cacheinfo 160000,${'1'.repeat(40)},a/b; git commit -qm x; mkdir -p a/b; echo w > w`,
    );
    expect(first.problem).toMatch(/without their files: a\/b;.*git rm --cached/);
    expect(await worker.pushed('w')).toBe('w');
    const second = await worker.turn('mkdir -p a/b; echo c > a/b/c');
    expect(second.problem).toBeUndefined();
    expect(await worker.tree()).toEqual([...plain, '100644 a/b/c', '100644 w']);
  });

  it('that is ignored is left alone', async () => {
    const worker = await turns.worker();
    await worker.turn('echo node_modules > .gitignore; git init -q node_modules/dep; echo d > node_modules/dep/d');
    expect(await worker.tree()).toEqual(['100644 .gitignore', ...plain]);
    await worker.turn('test -d node_modules/dep/.git; git -C node_modules/dep status --short > s');
    expect(await worker.pushed('s')).toBe('?? d');
  });
});

it("no setting of the agent's git hides a change; .gitignore does", async () => {
  const worker = await turns.worker();
  await worker.turn('echo 1 > skipped; echo 1 > assumed; mkdir -p far near; echo 1 > far/f; echo 1 > near/n');
  await worker.turn(`
    git update-index --skip-worktree skipped; git update-index --assume-unchanged assumed
    echo 2 > skipped; echo 2 > assumed
    mkdir -p .git/info; echo excluded > .git/info/exclude; echo e > excluded
    git config core.excludesFile "$PWD/../excludes"; echo everywhere > ../excludes; echo e > everywhere
    mkdir -p ../home/.config/git; echo athome > ../home/.config/git/ignore; echo h > athome
    git config core.fileMode false; chmod +x near/n
    echo ignored > .gitignore; echo i > ignored`);
  expect(await worker.pushed('skipped')).toBe('2');
  expect(await worker.pushed('assumed')).toBe('2');
  const paths = [
    '.gitignore',
    'README.md',
    'assumed',
    'athome',
    'everywhere',
    'excluded',
    'far/f',
    'near/n',
    'skipped',
  ];
  expect((await worker.tree()).map((entry) => entry.slice(7))).toEqual(paths);
  expect(await worker.tree()).toContain('100755 near/n');
});

it('a file that a sparse checkout left out does not count as deleted: the turn says so, and the next one has it', async () => {
  const worker = await turns.worker();
  await worker.turn('mkdir far near; echo 1 > far/f; echo 1 > near/n; echo 1 > gone');
  const { problem } = await worker.turn('git sparse-checkout set near; echo 2 > near/n; mkdir -p far; echo g > far/g');
  expect(problem).toMatch(/sparse checkout removed files from the folder \(1, such as far\/f\).*delete again/);
  const tree = ['far/f', 'far/g', 'gone', 'near/n'];
  expect((await worker.tree()).map((entry) => entry.slice(7))).toEqual(['README.md', ...tree]);
  expect(await worker.pushed('near/n')).toBe('2');
  expect(
    await worker.turn('cat far/f; rm gone; git sparse-checkout set near; git sparse-checkout disable'),
  ).toMatchObject({
    files: ['gone'],
    problem: undefined,
  });
});

describe('paths that are longer than a system call takes', () => {
  /** Makes folders in each other until their path has so many bytes, and runs a script in the innermost. */
  const deep = (bytes: number, script: string) => `node -e '
    for (let rest = ${bytes} + 1; rest > 0; rest -= 101) {
      const name = "d".repeat(Math.min(100, rest - 1));
      fs.mkdirSync(name); process.chdir(name); }
    child_process.execSync(process.argv[1], { shell: "/bin/sh" })' '${script}'`;

  it('fail the turn that leaves them, unless they are ignored', async () => {
    const worker = await turns.worker();
    const { problem } = await worker.turn(`${deep(4200, 'echo x > f')}; echo w > w`);
    expect(problem).toMatch(/path of a file is too long .* path d{100}\/d/);
    expect(await worker.pushed('w')).toBe('w');
    expect((await worker.turn('echo "d*" > .gitignore')).problem).toBeUndefined();
    expect((await worker.turn('rm -rf d* .gitignore')).problem).toBeUndefined();
  });

  it('hide nothing for which git would wait, or that it would run', async () => {
    const worker = await turns.worker();
    const left = 'mkfifo .gitignore .gitattributes; git init -q n; echo x > n/x; echo x > f; chmod 000 .';
    const started = Date.now();
    expect((await worker.turn(deep(4080, left))).problem).toBeUndefined();
    expect(Date.now() - started).toBeLessThan(60_000);
    expect((await worker.tree()).map((entry) => entry.slice(-4))).toEqual(['E.md', 'dd/f', '/n/x']);
    await worker.turn('rm -rf d*; echo w > w');
  });
});

describe('unusable commits', () => {
  /** Commits a tree with an entry that git itself would not make. */
  const commit = (mode: string, name: string, object: string) =>
    `git update-ref HEAD "$(git commit-tree -p HEAD -m x "$(node -e 'process.stdout.write(Buffer.concat(
      [Buffer.from("${mode} ${name}\\0"), Buffer.from(process.argv[1], "hex")]))' "$(git rev-parse ${object})" |
      git hash-object -w --literally -t tree --stdin)")"`;

  it.each([
    ['..', /invalid path '\.\.\/README.md'/],
    ['.git', /invalid path '\.git\/README.md'/],
    ['', /empty filename/],
  ])('with an entry named "%s" are reported, and the files are committed as they are', async (name, why) => {
    const worker = await turns.worker();
    const { problem } = await worker.turn(`${commit('40000', name, 'HEAD^{tree}')}; echo w > w`);
    expect(problem).toMatch(why);
    expect(problem).toContain('the files are committed as they are in the folder');
    expect(await worker.tree()).toEqual([...plain, '100644 w']);
    expect((await worker.turn('echo v > v')).problem).toBeUndefined();
  });

  it('with more files than fit in memory are reported in bounded time', async () => {
    const worker = await turns.worker();
    const { problem } = await worker.turn(`
      tree=$(git rev-parse HEAD^{tree})
      for level in 1 2 3 4 5 6 7 8; do
        tree=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\t%s\n' $tree $n; done | git mktree); done
      git update-ref HEAD $(git commit-tree -p HEAD -m bomb $tree); echo w > w`);
    expect(problem).toContain('too many files');
    expect(await worker.tree()).toEqual([...plain, '100644 w']);
  });
});

/** A FIFO without a writer in place of a file that git reads: opening it blocks. */
const fifo = (path: string) => `rm -rf "${path}"; mkdir -p "$(dirname "${path}")"; mkfifo "${path}"`;

/** What a turn may leave behind without losing any of its work: a name, and the script. */
const LEFT_OVER: readonly (readonly [string, string])[] = [
  [
    'locks, alternates, replaced and grafted objects, a shallow history, a broken index',
    `for f in index HEAD config packed-refs shallow refs/heads/work refs/heads/x refs/remotes/origin/main FETCH_HEAD; do
       mkdir -p "$(dirname .git/$f)"; : > .git/$f.lock; done
     git replace -f "$(git rev-parse HEAD)" "$(git commit-tree -m other "$(git mktree </dev/null)")"
     mkdir -p .git/info .git/objects/info; git rev-parse HEAD > .git/info/grafts; git rev-parse HEAD > .git/shallow
     printf "/\\n/proc/self\\n/dev/zero\\n" > .git/objects/info/alternates; head -c 100000 /dev/zero > .git/index`,
  ],
  [
    'FIFOs for what git reads',
    [
      ...[
        'index',
        'config',
        'packed-refs',
        'info/exclude',
        'info/attributes',
        'info/grafts',
        'objects/info/alternates',
      ],
      ...['shallow', 'commondir', 'config.worktree', 'MERGE_HEAD', 'refs/heads/other', 'logs/HEAD', 'ORIG_HEAD'],
      ...[`objects/pack/pack-${'1'.repeat(40)}.idx`, `objects/11/${'1'.repeat(38)}`],
    ]
      .map((path) => fifo(`.git/${path}`))
      .join('\n'),
  ],
  ['a FIFO for HEAD', fifo('.git/HEAD')],
  ['a FIFO for the branch', fifo('.git/refs/heads/work')],
  [
    'FIFOs in the tree',
    `${['.gitignore', 'deep/.gitattributes', '.gitmodules', 'plain', 'o/.git', 'n/.git/HEAD'].map(fifo).join('\n')}
     mkdir -p n/.git/objects n/.git/refs; touch n/file`,
  ],
  [
    'links for what git reads',
    `rm -rf .git/refs .git/logs .git/index .git/objects/info; ln -s / .git/refs; ln -s /dev/zero .git/index
     ln -s /dev/zero .git/objects/info; ln -s /dev/zero .gitignore; ln -s /dev/zero .gitattributes`,
  ],
  [
    'a packed repository and a detached HEAD',
    `git gc -q; git commit-graph write --reachable; git multi-pack-index write; git checkout -q --detach; rm -f .gitignore .gitattributes`,
  ],
  ['another branch and a stash', 'git checkout -q -b other; echo s > README.md; git stash -q; git pack-refs --all'],
  [
    'a branch that is not born, strange names',
    `git checkout -q --orphan new; mkdir -p "new\nline" empty/deep; echo 1 > "new\nline/q\\"uote"
     printf x > "$(printf "bad\\377utf8")"; echo A > Case; echo a > case`,
  ],
  ['names that change their case only', 'mv Case CASE; rm case'],
];

it('a turn and the next one succeed whatever the agent leaves in its repository', async () => {
  const worker = await turns.worker();
  for (const [index, [name, script]] of LEFT_OVER.entries()) {
    if (index % 4 === 0) await turns.repository.commit({ [`moved-${index}`]: 'moved\n' });
    const started = Date.now();
    const { problem } = await worker.turn(`
      git status --porcelain > ../status; echo 1 > committed-${index}; git add .; git commit -qm c
      ${script}
      echo 1 > work-${index}; test ! -s ../status`);
    expect(Date.now() - started, name).toBeLessThan(30_000);
    // Links out of the repository are refused; the rest of the work goes on.
    if (name === 'links for what git reads') {
      expect(problem, name).toContain('a link that leads out of the repository');
      await worker.turn('rm .gitignore .gitattributes');
    } else expect(problem, name).toBeUndefined();
  }
  const tree = (await worker.tree()).map((entry) => entry.slice(7));
  for (const [index, [name]] of LEFT_OVER.entries()) {
    if (index % 4 === 0) expect(tree, name).toContain(`moved-${index}`);
    expect(tree, name).toContain(`committed-${index}`);
    expect(tree, name).toContain(`work-${index}`);
  }
});

it.each([
  [
    'a rebase',
    'git branch side HEAD~2; echo other > f; git add f; git commit -qm mine; git rebase -q --onto side HEAD~1 || true',
  ],
  ['a bisection', 'git bisect start HEAD HEAD~2 >/dev/null || true'],
])(
  '%s that is left unfinished fails the turn and says so; the work is pushed and the next turn starts clean',
  async (what, script) => {
    const worker = await turns.worker();
    await worker.turn('for n in 1 2 3; do echo $n > f; git add .; git commit -qm $n; done');
    const { problem } = await worker.turn(`${script}; echo w > w`);
    expect(problem).toContain(what);
    expect(await worker.pushed('w')).toBe('w');
    const next = await worker.turn(
      'test -z "$(git status --porcelain)"; git rev-parse -q --verify work-left; echo ok > f',
    );
    expect(next.problem).toBeUndefined();
  },
);

it("stashes and branches that are not checked out are the agent's again in its next turns", async () => {
  const worker = await turns.worker();
  await worker.turn('echo 1 > f');
  await worker.turn(`
    echo one > f; git stash -q; echo two > f; git stash -q
    git checkout -q -b side; echo s > s; git add s; git commit -qm s; git pack-refs --all; git branch loose; git checkout -q work
    echo w > w`);
  await worker.turn('echo x > x');
  await worker.turn(
    'git stash pop -q stash@{1}; cp f ../popped; git stash drop -q; git checkout -q loose -- s; git merge -q side || true; git show side:s > from-side',
  );
  expect(await worker.pushed('f')).toBe('one');
  expect(await worker.pushed('from-side')).toBe('s');
});

it('no more than a thousand refs are looked at, however many there are', async () => {
  const worker = await turns.worker();
  const gitDir = join(worker.dir, 'many');
  await mkdir(join(gitDir, 'refs', 'heads'), { recursive: true });
  let made = 0;
  const timed = async (refs: number) => {
    for (; made < refs; made += 1) await writeFile(join(gitDir, 'refs', 'heads', `r${made}`), `${'1'.repeat(40)}\n`);
    const start = performance.now();
    expect((await readState(gitDir)).refs.size).toBe(1000);
    return performance.now() - start;
  };
  const few = await timed(1000);
  expect((await timed(10_000)) / few).toBeLessThan(4);
});

it('a path that git rejects fails the turn with its name; without it, the next turn commits all the work', async () => {
  const worker = await turns.worker();
  await expect(worker.turn('mkdir .GIT; echo x > .GIT/x; echo w > w')).rejects.toThrow(
    /cannot be committed.*\.GIT\/x/s,
  );
  await worker.turn('rm -r .GIT');
  expect(await worker.pushed('w')).toBe('w');
});

it('a merge that the agent has resolved and not committed is committed as one', async () => {
  const worker = await turns.worker();
  await worker.turn('echo mine > both');
  const theirs = await turns.repository.commit({ both: 'theirs\n' });
  await worker.turn('git merge -q refs/remotes/origin/main >/dev/null || true; echo ours > both');
  expect(await worker.pushed('both')).toBe('ours');
  expect(await turns.repository.git('rev-list', `${worker.branch}`)).toContain(theirs);
});

const DESTROYED: readonly (readonly [string, string])[] = [
  ['deletes .git', 'rm -rf .git'],
  ['makes .git a file', 'rm -rf .git; git init -q ../o; echo "gitdir: $PWD/../o/.git" > .git'],
  ['makes .git a link', 'rm -rf ../moved; mv .git ../moved; ln -s ../moved .git'],
  ['makes .git a FIFO', 'rm -rf .git; mkfifo .git'],
  ['makes objects a link', 'mv .git/objects ../objects; ln -s "$PWD/../objects" .git/objects'],
  ['deletes objects', 'rm -rf .git/objects; mkdir .git/objects'],
  ['deletes the clone', 'rm -rf "$PWD"'],
  ['makes the clone a link', 'rm -rf "$PWD"; mkdir ../elsewhere; echo e > ../elsewhere/e; ln -s elsewhere "$PWD"'],
];

it('an agent that destroys its repository fails its turn with the reason; the next turn has a fresh clone', async () => {
  const worker = await turns.worker();
  await worker.turn('echo 1 > one');
  for (const [index, [how, script]] of DESTROYED.entries()) {
    await expect(worker.turn(`echo 2 > two\n${script}`), how).rejects.toThrow('destroyed the repository');
    const changes = await worker.turn(`cat one; echo 3 > three-${index}`);
    expect(changes.files, how).toEqual([`three-${index}`]);
  }
});

it('corrupt objects fail the turn; the next one has a fresh clone', async () => {
  const worker = await turns.worker();
  await worker.turn('echo 1 > one');
  const objectOf = (file: string) => `$(git rev-parse HEAD:${file} | sed 's,^..,.git/objects/&/,')`;
  for (const damage of ['cp -f .git/config', 'cp -f /dev/null', `cp -f "${objectOf('forged')}"`]) {
    const commit = 'echo good > f; echo evil > forged; git add .; git commit -qm f';
    const script = `${commit}; chmod u+w ${objectOf('f')}; ${damage} ${objectOf('f')}`;
    await expect(worker.turn(script), damage).rejects.toThrow(/the next turn starts in a fresh clone/);
  }
  expect((await worker.turn('cat one; echo 2 > two')).files).toEqual(['two']);
});

it("an unreadable folder is read all the same; a tester's FIFOs are ignored", async () => {
  const worker = await turns.worker();
  await worker.turn('mkdir -p locked/in; echo l > locked/in/l; chmod 000 locked/in; chmod 555 locked');
  expect(await worker.pushed('locked/in/l')).toBe('l');
  // These have no effect for root.
  for (const closed of ['chmod -R a-w .git', 'chmod 000 .git/objects/*', 'chmod 555 . ..', 'chmod 000 . ..']) {
    const { problem } = await worker.turn(`echo "${closed}" > l; git add l; git commit -qm l; ${closed}`);
    expect(problem, closed).toBeUndefined();
    expect(await worker.pushed('l')).toBe(closed);
  }
  const tester = await turns.worker({ readOnly: true });
  expect(await tester.turn(fifo('.git/index'))).toMatchObject({ files: [] });
});

it('files that were sent before the first turn are there', async () => {
  const worker = await turns.worker();
  await writeFile(join(worker.clone, 'sent.txt'), 'sent');
  await worker.turn('cat sent.txt');
  expect(await worker.pushed('sent.txt')).toBe('sent');
});
