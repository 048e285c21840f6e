import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTurns } from '../support/agent-turn.js';

let turns: Awaited<ReturnType<typeof startTurns>>;
beforeAll(async () => {
  turns = await startTurns();
});
afterAll(() => turns.stop());

/** A repository in a subfolder, without and with a commit. */
const nested = 'mkdir -p sub; git init -q sub; echo a > sub/a.txt';
const grown = `${nested}; git -C sub config user.name n; git -C sub config user.email n@n; git -C sub add .; git -C sub commit -qm n`;
/** Ways to make another user's git run a program: a name, and the script. A canary's argument names it. */
const PLANTS: readonly (readonly [string, string])[] = [
  [
    'hooks, and everything that a configuration can name',
    `for h in pre-commit commit-msg post-commit pre-push post-checkout post-merge post-index-change reference-transaction; do
       mkdir -p .git/hooks; cp "$CANARY" .git/hooks/$h; done
     for f in clean smudge process; do git config filter.x.$f "$CANARY filter"; done; git config filter.x.required true
     git config diff.x.textconv "$CANARY textconv"; git config diff.x.command "$CANARY diff"
     git config merge.x.driver "$CANARY merge"; echo "* filter=x diff=x merge=x" > .gitattributes
     for k in core.sshCommand core.editor core.pager sequence.editor diff.external credential.helper core.askPass \
       core.gitProxy gpg.program core.alternateRefsCommand uploadpack.packObjectsHook; do git config $k "$CANARY $k"; done
     git config alias.add "!$CANARY alias"; git config alias.commit "!$CANARY alias"
     git config commit.gpgSign true; git config push.gpgSign if-asked
     git config url."ext::$CANARY ext ".insteadOf /; git config protocol.ext.allow always
     git config core.fsmonitor "$CANARY fsmonitor"`,
  ],
  [
    'a folder of hooks, an included configuration, info/attributes, the settings of its home',
    `mkdir ../h; cp "$CANARY" ../h/pre-commit; cp "$CANARY" ../h/reference-transaction; git config core.hooksPath "$PWD/../h"
     printf '[core]\\nfsmonitor = %s include\\n[filter "x"]\\nclean = %s include\\n' "$CANARY" "$CANARY" > ../inc
     git config include.path "$PWD/../inc"; git config includeIf.gitdir:/.path "$PWD/../inc"
     mkdir -p .git/info; echo "* filter=x" > .git/info/attributes
     git config --global core.fsmonitor "$CANARY home"; git config --global filter.x.clean "$CANARY home"
     mkdir -p ../home/.config/git; echo "* filter=x" > ../home/.config/git/attributes`,
  ],
  [
    'commondir with a configuration of its own',
    `rm -rf ../c; cp -r .git ../c; git config -f ../c/config core.fsmonitor "$CANARY commondir"
     for f in clean smudge; do git config -f ../c/config filter.x.$f "$CANARY commondir"; done
     echo "$PWD/../c" > .git/commondir; echo "* filter=x" > .gitattributes`,
  ],
  [
    'config.worktree',
    `git config extensions.worktreeConfig true; git config --worktree core.fsmonitor "$CANARY worktree"
     git config --worktree core.hooksPath "$PWD/../bin"; git config --worktree filter.x.clean "$CANARY worktree"`,
  ],
  [
    'a filter of a nested repository',
    `${grown}; git -C sub config filter.x.clean "$CANARY nested"; git -C sub config core.fsmonitor "$CANARY nested"
     mkdir -p sub/.git/info; echo "* filter=x" > sub/.git/info/attributes; touch -d 2001-01-01 sub/a.txt`,
  ],
  [
    'a nested repository that the agent has committed',
    `rm -rf sub; git rm -rq --cached sub; ${grown}; git -C sub config core.fsmonitor "$CANARY nested"
     git -C sub config filter.x.clean "$CANARY nested"; git add sub; git commit -qm sub
     echo "* filter=x" > sub/.gitattributes; echo b > sub/a.txt`,
  ],
  [
    'a submodule',
    `git init -q ../m; git -C ../m -c user.name=n -c user.email=n@n commit -q --allow-empty -m m
     git -c protocol.file.allow=always submodule --quiet add "$PWD/../m" mod; echo x > mod/x
     git config submodule.mod.update "!$CANARY update"; git -C mod config core.fsmonitor "$CANARY sub"
     git config submodule.recurse true; git config diff.submodule log`,
  ],
  [
    "a place for the wrapper's own repository",
    `mkdir -p ../git; cp -r .git ../git/.git
     for d in ../*/ ../*/.git; do git --git-dir="$d" config core.fsmonitor "$CANARY own" || true
       git --git-dir="$d" config filter.x.clean "$CANARY own" || true
       mkdir -p "$d/hooks"; for h in pre-commit pre-push reference-transaction; do cp "$CANARY" "$d/hooks/$h"; done; done
     rm -rf hooks; ln -s / ../git/.git/aside`,
  ],
];

it("the wrapper's git never runs a program of the agent, in its turn or in later ones", async () => {
  const worker = await turns.worker();
  await worker.turn('echo 1 > first');
  for (const [index, [name, script]] of PLANTS.entries()) {
    if (index < 2) await turns.repository.commit({ [`main-${index}.txt`]: 'moved\n' });
    const changes = await worker.turn(`${script}\necho ${index} > work-${index}.txt`);
    expect(await worker.canaries(), name).toEqual([]);
    expect(changes.problem, name).toBeUndefined();
    expect(changes.files, name).toContain(`work-${index}.txt`);
  }
  await worker.turn('echo last > last');
  expect(await worker.canaries()).toEqual([]);
  const paths = (await worker.tree()).map((entry) => entry.slice(7));
  for (const path of ['main-1.txt', 'sub/a.txt', 'mod/x', 'last']) expect(paths).toContain(path);
});
