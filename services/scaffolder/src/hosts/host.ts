import type { ProjectRepository } from '@codegen/contracts';
import type { GitEntry } from '@codegen/sdk/git';

/** Where repositories live. The scaffolder alone talks to it; `main` moves by compare-and-set only. */
export interface RepositoryHost {
  /** Full name, "org/repo", for the repository of a project that has none yet. */
  nameFor(projectId: string): string;
  /** Makes the repository where it is missing. Returns the URL to show to people, and where services find it. */
  ensureRepository(fullName: string): Promise<{ url: string; repository: ProjectRepository }>;
  /** Publishes the one commit of a folder as main. False where there was a main already. */
  createMain(fullName: string, folder: string): Promise<boolean>;
  /** The commit of a branch, or undefined where the branch or the repository is missing. */
  branchTip(fullName: string, branch: string): Promise<string | undefined>;
  /** Whether a commit is in the history of another; false where the host does not know it. */
  contains(fullName: string, history: string, commitSha: string): Promise<boolean>;
  /** Moves main from one commit to another. False where main was no longer at the first. */
  advanceMain(fullName: string, move: { from: string; to: string }): Promise<boolean>;
  /** A text file of a commit, or undefined; of a longer one no more than one byte beyond `mostBytes`. */
  readText(fullName: string, commitSha: string, path: string, mostBytes: number): Promise<string | undefined>;
  /** Mode, as git has it, object and path of everything in a commit, its folders too. */
  entries(fullName: string, commitSha: string): Promise<GitEntry[]>;
  /** Contents of objects by name, as latin1; without those that are missing, or beyond 16 MiB of all. */
  objects(fullName: string, ids: readonly string[]): Promise<Map<string, string>>;
  /** Files in the first commit of a history. */
  countFirstFiles(fullName: string, commitSha: string): Promise<number>;
}
