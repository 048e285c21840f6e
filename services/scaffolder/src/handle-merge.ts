import type { ProjectManifest, RepositoryMessage, RepositoryResult } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { handlingKind } from '@codegen/sdk/errors';
import { FILE_MODES, GITLINK_MODE, type GitEntry, LINK_MODE, leavesTree } from '@codegen/sdk/git';
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, npmFiles, parseManifest } from '@codegen/sdk/manifest';
import { repositoryName } from './handle-scaffold.js';
import type { RepositoryHost } from './hosts/host.js';

export interface MergeDependencies {
  readonly host: RepositoryHost;
  readonly api: {
    readonly projects: Pick<Api['projects'], 'get' | 'report'>;
    readonly tasks: Pick<Api['tasks'], 'get'>;
  };
}

/** Why main stays where it is. */
interface Refusal {
  readonly reason: RepositoryResult['reason'];
  readonly error: string;
}

/** The sender's idea of main is wrong. It has it from the API, which has it from here. */
const BUILT_ELSEWHERE = new Set<Refusal['reason']>(['main_moved', 'not_a_fast_forward']);

/**
 * Fast-forwards main to a tested commit, from exactly where the message expects it. A commit that main already holds
 * counts as merged, so a try that died before its report is made good by the next one.
 */
export async function handleMerge(message: RepositoryMessage, deps: MergeDependencies): Promise<RepositoryResult> {
  const startedMs = Date.now();
  const { host, api } = deps;
  const { project_id, task_id, commit_sha, expected_main_sha } = message;
  const fullName = repositoryName(await api.projects.get(project_id), host);
  const mainTip = () => host.branchTip(fullName, 'main');
  const failed = async (refusal: Refusal) => {
    const tip = await mainTip();
    if (tip && BUILT_ELSEWHERE.has(refusal.reason)) await reportMain(message, fullName, tip, deps);
    return failedMerge(message, refusal, tip, Date.now() - startedMs);
  };

  const main = await mainTip();
  const isMerged = main !== undefined && (await host.contains(fullName, main, commit_sha));
  if (!isMerged) {
    const refusal = (await outdated(message, deps)) ?? (await unfit(message, fullName, main, deps));
    if (refusal) return failed(refusal);
  }
  const target = isMerged ? main : commit_sha;
  const manifest = await manifestAt(host, fullName, target);
  if ('reason' in manifest) return failed(manifest);
  // Once more: looking at the commit takes time, and from here on nothing can be called back.
  const late = isMerged ? undefined : await outdated(message, deps);
  if (late) return failed(late);
  if (!isMerged && !(await host.advanceMain(fullName, { from: expected_main_sha, to: commit_sha }))) {
    return failed(moved(expected_main_sha, await mainTip()));
  }
  await api.projects.report(project_id, { main_sha: target, manifest });
  const { request_id, epoch } = message;
  const duration_ms = Date.now() - startedMs;
  return { request_id, task_id, epoch, status: 'success', error: null, duration_ms, main_sha: target };
}

/** The answer to a merge that was refused or failed. */
export function failedMerge(
  message: RepositoryMessage,
  { reason, error }: Refusal,
  mainSha: string | undefined,
  durationMs: number | null,
): RepositoryResult {
  const { request_id, task_id, epoch } = message;
  const main_sha = mainSha ?? null;
  return { request_id, task_id, epoch, status: 'failed', error, reason, duration_ms: durationMs, main_sha };
}

// The task has moved on: nothing that this message asks for may still happen.
async function outdated(message: RepositoryMessage, { api }: MergeDependencies): Promise<Refusal | undefined> {
  const { task_id, project_id, epoch, branch } = message;
  const task = await api.tasks.get(task_id);
  const refuse = (error: string): Refusal => ({ reason: 'stale_epoch', error });
  if (task.id !== task_id || task.project_id !== project_id || task.type !== 'engineering')
    return { reason: null, error: `${task_id} is no engineering task of ${project_id}` };
  if (task.epoch !== epoch) return refuse(`the task is at epoch ${task.epoch}, this merge is of epoch ${epoch}`);
  if (task.status !== 'running') return refuse(`the task is ${task.status}, so nothing is merged for it any more`);
  const own = `task/${task_id}/${epoch}`;
  return branch === own ? undefined : { reason: null, error: `the branch must be ${own}, not "${branch}"` };
}

// The commit cannot become main.
async function unfit(
  { branch, commit_sha, expected_main_sha }: RepositoryMessage,
  fullName: string,
  main: string | undefined,
  { host }: MergeDependencies,
): Promise<Refusal | undefined> {
  const tip = await host.branchTip(fullName, branch);
  if (!tip || !(await host.contains(fullName, tip, commit_sha))) {
    return { reason: 'commit_missing', error: `${branch} does not hold ${commit_sha}` };
  }
  if (main !== expected_main_sha) return moved(expected_main_sha, main);
  if (!(await host.contains(fullName, commit_sha, main))) {
    return { reason: 'not_a_fast_forward', error: `${commit_sha} does not build on main at ${main}` };
  }
  const entries = await host.entries(fullName, commit_sha);
  const links = entries.filter(({ mode }) => mode === LINK_MODE);
  const targets = links.length > 0 ? await host.objects(fullName, [...new Set(links.map(({ id }) => id))]) : new Map();
  return irregular(entries) ?? leading(links, targets);
}

/** What tests, deploys and npm read by name: a link there would lead to a file of the machine. */
const READ_BY_NAME = [MANIFEST_FILE, ...npmFiles];

const KINDS: Readonly<Record<string, string>> = { '040000': 'a folder', '120000': 'a link' };

/** Where something else than a file stands, or only the name of another repository's commit. */
function irregular(entries: readonly GitEntry[]): Refusal | undefined {
  const refuse = (error: string): Refusal => ({ reason: 'invalid_manifest', error });
  for (const { mode, path } of entries) {
    if (mode === GITLINK_MODE) {
      return refuse(
        `${path} is a link to another repository (mode ${mode}), so none of its files are in the commit: take it out with "git rm --cached", remove the .git in it, and commit its files`,
      );
    }
    if (READ_BY_NAME.includes(path) && !FILE_MODES.includes(mode)) {
      return refuse(`${path} is ${KINDS[mode] ?? 'no file'} (mode ${mode}): commit a regular file in its place`);
    }
  }
  return undefined;
}

// A tester, a release and a web server would follow it into the machine.
function leading(links: readonly GitEntry[], targets: ReadonlyMap<string, string>): Refusal | undefined {
  // One that cannot be read is none that stays.
  const bad = links.find(({ id, path }) => leavesTree(path, targets.get(id) ?? '/'));
  if (!bad) return undefined;
  const error = `${bad.path} is a link that leads out of the repository: remove it, or commit the file that it stands for`;
  return { reason: 'invalid_manifest', error };
}

// Told before the answer, so that whoever tries again starts from there, wherever main was moved from.
async function reportMain(
  { project_id }: RepositoryMessage,
  fullName: string,
  tip: string,
  { host, api }: MergeDependencies,
) {
  const manifest = await manifestAt(host, fullName, tip);
  await api.projects.report(project_id, { main_sha: tip, ...('reason' in manifest ? {} : { manifest }) });
}

function moved(expected: string, main: string | undefined): Refusal {
  return { reason: 'main_moved', error: `main is at ${main ?? 'no commit'}, not at ${expected}` };
}

async function manifestAt(host: RepositoryHost, fullName: string, sha: string): Promise<ProjectManifest | Refusal> {
  try {
    return parseManifest(await host.readText(fullName, sha, MANIFEST_FILE, MAX_MANIFEST_BYTES));
  } catch (error) {
    if (handlingKind(error) !== 'permanent') throw error;
    return { reason: 'invalid_manifest', error: (error as Error).message };
  }
}
