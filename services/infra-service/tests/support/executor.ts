import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ansibleDeployMessage } from '@codegen/contracts';
import type { Logger } from '@codegen/sdk/queue';
import { freePort } from '../../../../tests/support/ports.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import type { CheckedDeploy, Executor } from '../../src/executors/executor.js';
import { type LocalExecutorSettings, startLocalExecutor } from '../../src/executors/local.js';
import { MARKER } from '../../src/releases/marked-process.js';
import { ProjectRepository } from './project-repository.js';

/** A local executor on its own folders, with one project in it. */
export interface Site {
  readonly releasesDir: string;
  readonly reposDir: string;
  readonly projectId: string;
  readonly repository: ProjectRepository;
  readonly port: number;
  /** Every line that was logged. */
  readonly log: string[];
  executor: Executor;
  /** Secrets that any reference stands for. */
  secrets: Record<string, string>;
  start(settings?: Partial<LocalExecutorSettings>): Promise<Executor>;
  message(fields: Partial<CheckedDeploy>): CheckedDeploy;
  deploy(commitSha: string | null, fields?: Partial<CheckedDeploy>): Promise<{ url: string }>;
  /** Living processes of this project, with their run ids. */
  processes(): { pid: number; marker: string }[];
  close(): Promise<void>;
}

let sites = 0;

export async function openSite(settings: Partial<LocalExecutorSettings> = {}): Promise<Site> {
  const folder = await tempFolder('codegen-infra');
  sites += 1;
  const projectId = `proj_${process.pid}x${sites}`;
  const releasesDir = join(folder.path, 'releases');
  const reposDir = join(folder.path, 'repos');
  await mkdir(join(reposDir, 'local'), { recursive: true });
  const repository = await ProjectRepository.create(reposDir, `local/${projectId}`);
  const log: string[] = [];
  const write = (bindings: object, text: string) => log.push(JSON.stringify({ ...bindings, text }));
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  const site: Site = {
    releasesDir,
    reposDir,
    projectId,
    repository,
    port: await freePort(),
    log,
    executor: undefined as unknown as Executor,
    secrets: {},
    start: async (more = {}) => {
      site.executor = await startLocalExecutor({
        releasesDir,
        reposDir,
        host: '127.0.0.1',
        path: `${dirname(process.execPath)}:${process.env.PATH}`,
        installEnvironment: {},
        healthTimeoutMs: 10_000,
        installTimeoutMs: 60_000,
        drainMs: 10_000,
        stopGraceMs: 1000,
        resolveSecrets: async () => site.secrets,
        logger,
        ...settings,
        ...more,
      });
      return site.executor;
    },
    message: (fields) =>
      checked({
        project_id: projectId,
        project_name: 'fixture',
        repo_full_name: repository.fullName,
        clone_url: `${fields.repo_full_name ?? repository.fullName}.git`,
        server_ip: '127.0.0.1',
        port: site.port,
        github_token_ref: 'none:',
        secrets_ref: 'none:',
        ...fields,
      }),
    deploy: (commitSha, fields = {}) =>
      site.executor.deploy(site.message({ commit_sha: commitSha, ...fields }), {
        signal: new AbortController().signal,
        progress: async () => undefined,
        requireWanted: async () => undefined,
      }),
    processes: () => processesOf(projectId),
    close: async () => {
      await site.executor.stop();
      await folder.remove();
    },
  };
  await site.start();
  return site;
}

function checked(fields: object): CheckedDeploy {
  return ansibleDeployMessage.parse(fields) as CheckedDeploy;
}

/** Living processes that carry a project's run id. */
export function processesOf(projectId: string): { pid: number; marker: string }[] {
  const start = `${MARKER}=${projectId}/`;
  return readdirSync('/proc').flatMap((name) => {
    const pair = environmentOf(name).find((one) => one.startsWith(start));
    return pair ? [{ pid: Number(name), marker: pair.slice(MARKER.length + 1) }] : [];
  });
}

/** Empty for what is no process, or a zombie. */
function environmentOf(name: string): string[] {
  try {
    return /^\d+$/.test(name) ? readFileSync(`/proc/${name}/environ`, 'latin1').split('\0') : [];
  } catch {
    return [];
  }
}

/** Whether any file below a folder holds a text. */
export async function someFileHolds(folder: string, text: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    if ((await readFile(join(entry.parentPath, entry.name))).includes(text)) return true;
  }
  return false;
}
