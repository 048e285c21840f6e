import { initRepository } from '@codegen/sdk/git';
import { addAll, commit, SCAFFOLDER_IDENTITY } from './git-commands.js';
import { runGit } from './run-git.js';

/** Makes a folder a repository with one commit of all that is in it. The same files and date give the same commit. */
export async function commitFolder(folder: string, message: string, date: Date): Promise<void> {
  const { name, email } = SCAFFOLDER_IDENTITY;
  const at = `@${Math.floor(date.getTime() / 1000)} +0000`;
  await runGit(initRepository(folder, { branch: 'main' }));
  await runGit(addAll(folder));
  await runGit(commit(folder, message), {
    env: {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: at,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: at,
    },
  });
}
