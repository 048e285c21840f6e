import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AnsibleDeployMessage,
  type AnsibleDeployResult,
  ansibleDeployQueue,
  ansibleDeployResults,
  type CreateWorkerCommand,
  type DeveloperWorkerOutput,
  deployResultKey,
  developerOutput,
  type RepositoryMessage,
  type RepositoryResult,
  repositoryQueue,
  repositoryResults,
  type ScaffolderMessage,
  type ScaffolderResult,
  scaffolderQueue,
  scaffolderResults,
  type WorkerInput,
  workerCommands,
  workerIdFor,
  workerResponseKey,
  workerResponses,
} from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { type RunningConsumer, runConsumer } from '@codegen/sdk/consumer';
import { answerOnce, closeRedis, connectRedis, publish, type Redis } from '@codegen/sdk/queue';

/** What an executor does with a request: the answer's fields, or silence. */
type Answer<T> = Partial<T> | 'silent' | undefined;

export type Step = 'scaffold' | 'create' | 'develop' | 'test' | 'merge' | 'deploy' | 'delete';

/** A request as it came out of its stream; one that was sent twice is here twice. */
export interface Seen {
  step: Step;
  requestId: string;
  taskId?: string;
  projectId?: string;
  workerId?: string;
  prompt?: string;
  message: unknown;
}

/** What the executors answer; what is left out succeeds. */
export interface Script {
  scaffold?: (message: ScaffolderMessage) => Answer<ScaffolderResult> | Promise<Answer<ScaffolderResult>>;
  /** Of a worker: its turns may be silent too. */
  create?: (workerId: string) => 'silent' | undefined;
  develop?: (
    turn: WorkerInput,
    times: number,
  ) => Answer<DeveloperWorkerOutput> | Promise<Answer<DeveloperWorkerOutput>>;
  test?: (turn: WorkerInput, times: number) => Answer<DeveloperWorkerOutput> | Promise<Answer<DeveloperWorkerOutput>>;
  merge?: (message: RepositoryMessage) => Answer<RepositoryResult> | Promise<Answer<RepositoryResult>>;
  deploy?: (
    message: AnsibleDeployMessage,
    times: number,
  ) => Answer<AnsibleDeployResult> | Promise<Answer<AnsibleDeployResult>>;
  remove?: (workerId: string) => 'silent' | undefined;
}

const manifest = { test: ['node', '--test'], start: ['node', 'server.js'], environment: [] };

/**
 * Scaffolder, worker-manager with its workers, and infra-service, as far as the wire shows them: each answers what its
 * script says, and answers a request it has served with the same result again.
 */
export class Executors {
  readonly seen: Seen[] = [];
  script: Script = {};
  /** Workers that live now. */
  readonly workers = new Map<string, CreateWorkerCommand>();
  readonly #redis: Redis;
  readonly #consumers: RunningConsumer[];
  readonly #servers = new Set<Server>();
  readonly #answers = new Map<string, unknown>();
  readonly #turns = new Map<string, number>();
  #stopped = false;
  readonly #inputs: Promise<void>;

  constructor(
    readonly redisUrl: string,
    readonly api: Api,
  ) {
    this.#redis = connectRedis(redisUrl);
    const base = { redisUrl, consumer: 'executor', service: 'test', concurrency: 20 };
    this.#consumers = [
      runConsumer({ ...base, contract: scaffolderQueue, handler: (message) => this.#scaffold(message) }),
      runConsumer({ ...base, contract: repositoryQueue, handler: (message) => this.#merge(message) }),
      runConsumer({ ...base, contract: ansibleDeployQueue, handler: (message) => this.#deploy(message) }),
      runConsumer({
        ...base,
        contract: workerCommands,
        handler: async (command) => {
          if (command.command === 'create') await this.#create(command);
          if (command.command === 'delete') await this.#delete(command.request_id, command.worker_id);
        },
      }),
    ];
    this.#inputs = this.#readInputs();
  }

  get ready(): Promise<unknown> {
    return Promise.all(this.#consumers.map((one) => one.ready));
  }

  /** Requests of one step, of one task. */
  of(step: Step, taskOrProject: { id: string; project_id?: string }): Seen[] {
    const mine = new Set([taskOrProject.id, taskOrProject.project_id]);
    return this.seen.filter(
      (one) => one.step === step && (mine.has(one.taskId) || (!one.taskId && mine.has(one.projectId))),
    );
  }

  /** Loses the answer to a request, as if it had never been served. */
  forget(requestId: string): void {
    this.#answers.delete(requestId);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#consumers.map((one) => one.stop()), this.#inputs]);
    for (const server of this.#servers) server.close();
    await closeRedis(this.#redis);
  }

  async #scaffold(message: ScaffolderMessage): Promise<void> {
    const { project_id, request_id } = message;
    this.seen.push({ step: 'scaffold', requestId: request_id, projectId: project_id, message });
    const answer = await this.#once(request_id, async () => {
      const said = await this.script.scaffold?.(message);
      if (said !== 'silent' && said?.status !== 'failed') {
        const repository = repositoryOf(project_id);
        await this.api.projects.report(project_id, {
          ...{ status: 'scaffolded', repository, main_sha: 'a'.repeat(40), manifest },
        });
      }
      return said;
    });
    if (answer === 'silent') return;
    await publish(this.#redis, scaffolderResults, {
      request_id,
      project_id,
      status: 'success',
      files_generated: 12,
      ...answer,
    });
  }

  async #merge(message: RepositoryMessage): Promise<void> {
    const { task_id, epoch, request_id, project_id, commit_sha } = message;
    this.seen.push({ step: 'merge', requestId: request_id, taskId: task_id, message });
    const answer = await this.#once(request_id, async () => {
      const said = await this.script.merge?.(message);
      if (said !== 'silent' && said?.status !== 'failed') {
        await this.api.projects.report(project_id, { main_sha: commit_sha });
      }
      return said;
    });
    if (answer === 'silent') return;
    const done = answer?.status === 'failed' ? {} : { main_sha: commit_sha };
    await publish(this.#redis, repositoryResults, {
      request_id,
      task_id,
      epoch,
      status: 'success',
      ...done,
      ...answer,
    });
  }

  async #deploy(message: AnsibleDeployMessage): Promise<void> {
    const { request_id, commit_sha, task_id, port, server_ip } = message;
    this.seen.push({ step: 'deploy', requestId: request_id, taskId: task_id ?? '', message });
    const times = this.#count(`deploy ${task_id}`);
    const answer = await this.#once(request_id, async () => this.script.deploy?.(message, times));
    if (answer === 'silent') return;
    const running =
      answer?.status === 'failed' ? {} : { deployed_url: await this.#serve(commit_sha ?? ''), port, server_ip };
    await answerOnce({
      redis: this.#redis,
      key: deployResultKey(request_id),
      contract: ansibleDeployResults,
      message: { request_id, status: 'success', ...running, ...answer },
    });
  }

  async #serve(release: string): Promise<string> {
    const server = createServer((_, response) => response.end(JSON.stringify({ status: 'ok', release })));
    this.#servers.add(server);
    server.unref();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async #create(command: CreateWorkerCommand): Promise<void> {
    const workerId = workerIdFor(command.request_id);
    const { task_id = '' } = command.context;
    this.seen.push({ step: 'create', requestId: command.request_id, taskId: task_id, workerId, message: command });
    this.workers.set(workerId, command);
    if (this.script.create?.(workerId) === 'silent') return;
    await this.#respond(command.request_id);
  }

  async #delete(requestId: string, workerId: string): Promise<void> {
    const taskId = this.workers.get(workerId)?.context.task_id ?? '';
    this.seen.push({ step: 'delete', requestId, workerId, taskId, message: { workerId } });
    if (this.script.remove?.(workerId) === 'silent') return;
    this.workers.delete(workerId);
    await this.#respond(requestId);
  }

  async #respond(request_id: string): Promise<void> {
    const key = workerResponseKey(request_id);
    await answerOnce({ redis: this.#redis, key, contract: workerResponses, message: { request_id, success: true } });
  }

  async #readInputs(): Promise<void> {
    while (!this.#stopped) {
      for (const [workerId, command] of this.workers) {
        const stream = `worker:developer:${workerId}:input`;
        for (const [entryId, fields] of await this.#redis.xrange(stream, '-', '+')) {
          await this.#redis.xdel(stream, entryId);
          void this.turn(JSON.parse(fields[1] ?? '{}') as WorkerInput, workerId, command);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** One turn of a worker. */
  async turn(input: WorkerInput, workerId: string, command: CreateWorkerCommand): Promise<void> {
    const testing = command.config.repo?.read_only === true;
    const step = testing ? 'test' : 'develop';
    const { request_id, task_id, epoch, prompt } = input;
    this.seen.push({ step, requestId: request_id, taskId: task_id ?? '', workerId, prompt, message: input });
    const times = this.#count(`${step} ${task_id}`);
    const answer = await this.#once(request_id, async () => this.script[step]?.(input, times));
    if (answer === 'silent') return;
    const commit = testing
      ? {}
      : {
          commit_sha: shaOf(request_id),
          branch: `task/${task_id}/${epoch}`,
          files_changed: ['server.js'],
          summary: 'did it',
        };
    await this.answerTurn({ request_id, task_id, worker_id: workerId, epoch, status: 'success', ...commit, ...answer });
  }

  /** Publishes the end of a turn, whoever asked for it. */
  async answerTurn(output: Partial<DeveloperWorkerOutput> & { request_id: string; worker_id: string }): Promise<void> {
    await publish(this.#redis, developerOutput, { status: 'success', ...output });
  }

  async #once<T>(requestId: string, work: () => Promise<T>): Promise<T> {
    if (!this.#answers.has(requestId)) this.#answers.set(requestId, await work());
    return this.#answers.get(requestId) as T;
  }

  #count(key: string): number {
    const times = (this.#turns.get(key) ?? 0) + 1;
    this.#turns.set(key, times);
    return times;
  }
}

/** Where the scaffolder says that a project's repository is: nobody can guess it. */
export function repositoryOf(projectId: string) {
  const name = projectId.slice(-8);
  return {
    full_name: `acme/site-${name}`,
    clone_url: `https://git.example.org/acme/site-${name}.git`,
    credential_ref: 'vault:platform/GIT_TOKEN',
  };
}

/** A commit id that follows from a request. */
function shaOf(requestId: string): string {
  return requestId.replaceAll('-', '').padEnd(40, '0');
}
