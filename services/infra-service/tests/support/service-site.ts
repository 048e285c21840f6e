import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AnsibleDeployMessage,
  type AnsibleDeployResult,
  ansibleDeployQueue,
  ansibleDeployResult,
  decodeEntry,
  taskEvents,
} from '@codegen/contracts';
import { closeRedis, connectRedis, type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { type ServiceSettings, startService } from '@codegen/sdk/service';
import { freePort } from '../../../../tests/support/ports.js';
import { program } from '../../../../tests/support/program.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import type { ExecutorKinds } from '../../src/executors/registry.js';
import { type InfraServiceConfig, infraService } from '../../src/index.js';
import { processesOf } from './executor.js';
import { type FakeApi, startFakeApi } from './fake-api.js';
import { ProjectRepository } from './project-repository.js';

export interface SiteProject {
  readonly id: string;
  readonly port: number;
  readonly repository: ProjectRepository;
}

/** Redis, what is needed of the API, and repositories, for infra-service in this process or in one of its own. */
export class ServiceSite {
  readonly log: string[] = [];
  readonly #cleanUps: (() => Promise<unknown>)[] = [];
  readonly #projects: SiteProject[] = [];

  private constructor(
    readonly folder: string,
    readonly server: TestRedis,
    readonly redis: Redis,
    readonly api: FakeApi,
  ) {}

  static async open(): Promise<ServiceSite> {
    const folder = await tempFolder('codegen-infra');
    const server = await startRedis();
    const redis = connectRedis(server.url);
    const api = await startFakeApi();
    const site = new ServiceSite(folder.path, server, redis, api);
    site.#cleanUps.push(folder.remove, server.stop, () => closeRedis(redis), api.stop);
    await mkdir(join(site.reposDir, 'local'), { recursive: true });
    return site;
  }

  get releasesDir(): string {
    return join(this.folder, 'releases');
  }

  get reposDir(): string {
    return join(this.folder, 'repos');
  }

  async addProject(name: string): Promise<SiteProject> {
    const id = `proj_${process.pid}${name}${Date.now()}`;
    const repository = await ProjectRepository.create(this.reposDir, `local/${id}`);
    const project = { id, port: await freePort(), repository };
    this.#projects.push(project);
    this.api.addProject(id, project.port);
    return project;
  }

  /** The service in this process. */
  async start(config: Partial<InfraServiceConfig & ServiceSettings> = {}, executors?: ExecutorKinds) {
    const write = (bindings: object, text: string) => this.log.push(JSON.stringify({ ...bindings, text }));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const service = await startService(infraService, {
      redisUrl: this.server.url,
      api: { url: this.api.url, token: 'cgk_test' },
      releasesDir: this.releasesDir,
      reposDir: this.reposDir,
      host: '127.0.0.1',
      healthTimeoutMs: 10_000,
      stopGraceMs: 1000,
      logger,
      ...config,
      ...(executors && { executors }),
    });
    this.#cleanUps.push(service.stop);
    return service;
  }

  /** The service as a process of its own. */
  async spawn(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [program('infra-service')], {
      env: {
        PATH: process.env.PATH,
        REDIS_URL: this.server.url,
        API_URL: this.api.url,
        API_TOKEN: 'cgk_test',
        RELEASES_DIR: this.releasesDir,
        REPOS_DIR: this.reposDir,
        LEASE_MS: '1000',
        STOP_GRACE_MS: '500',
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.on('data', (data) => this.log.push(String(data)));
    this.#cleanUps.push(() => end(child, 'SIGTERM'));
    await once(child, 'message');
    return child;
  }

  /** Publishes a deploy of a project; its request id is given unless it is in the fields. */
  async publish(project: SiteProject, fields: Partial<AnsibleDeployMessage> = {}): Promise<AnsibleDeployMessage> {
    const { message } = await publish(this.redis, ansibleDeployQueue, {
      project_id: project.id,
      project_name: 'fixture',
      repo_full_name: project.repository.fullName,
      server_ip: '127.0.0.1',
      port: project.port,
      github_token_ref: 'none:',
      secrets_ref: 'none:',
      ...fields,
    });
    return message as AnsibleDeployMessage;
  }

  /** Every answer on the results stream to a request. */
  async answers(requestId: string): Promise<AnsibleDeployResult[]> {
    const entries = await this.redis.xrange('ansible:deploy:results', '-', '+');
    return entries
      .map(([, fields]) => ansibleDeployResult.parse(JSON.parse(fields[1] as string)))
      .filter((answer) => answer.request_id === requestId);
  }

  /** The first answer to a request. */
  answer(requestId: string, timeoutMs = 20_000): Promise<AnsibleDeployResult> {
    return waitFor(`the answer to ${requestId}`, async () => (await this.answers(requestId))[0], { timeoutMs });
  }

  async deploy(project: SiteProject, fields: Partial<AnsibleDeployMessage> = {}): Promise<AnsibleDeployResult> {
    return this.answer((await this.publish(project, fields)).request_id);
  }

  /** Texts of the progress events on a stream. */
  async progress(stream: string) {
    const entries = await this.redis.xrange(stream, '-', '+');
    return entries.map(([, [name, value]]) => {
      const decoded = decodeEntry(taskEvents, { [name as string]: value as string });
      if (!decoded.ok) throw new Error(decoded.error);
      return decoded.message;
    });
  }

  async close(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp();
    const left = this.#projects.flatMap(({ id }) => processesOf(id));
    if (left.length > 0) throw new Error(`processes left: ${JSON.stringify(left)}`);
  }
}

/** Ends a child process, if it still runs. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
