import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DeveloperWorkerOutput,
  type ProgressEvent,
  type WorkerLifecycleEvent,
  workerInputs,
} from '@codegen/contracts';
import { connectRedis, publish, type Redis } from '@codegen/sdk/queue';
import { program } from '../../../../tests/support/program.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type BareRepository, createBareRepository } from './bare-repository.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Argv of an agent among the fixtures. */
export function fixture(name: string): string[] {
  return [process.execPath, resolve(here, '..', 'fixtures', `${name}.js`)];
}

type Server = Pick<TestRedis, 'url' | 'stop'>;

/** A place for workers: Redis, a repository and a folder. */
export async function startBench() {
  return benchOn(await startRedis());
}

/** The same on a Redis that is there; it ends with the bench. */
export async function benchOn<S extends Server>(server: S) {
  const folder = await tempFolder('codegen-worker');
  const redis = connectRedis(server.url);
  const repository = await createBareRepository(join(folder.path, 'repos'));
  const workers: Worker[] = [];
  return {
    folder: folder.path,
    server,
    redis,
    repository,
    /** Starts a wrapper as a process of its own. */
    worker: (agent: string | string[], env: Record<string, string> = {}) => {
      const id = `w-${workers.length + 1}-${process.pid}`;
      const worker = new Worker(id, { server, redis, repository, dir: join(folder.path, id) });
      worker.start(typeof agent === 'string' ? fixture(agent) : agent, env);
      workers.push(worker);
      return worker;
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
      redis.disconnect();
      await server.stop();
      await folder.remove();
    },
  };
}

class Worker {
  process!: ChildProcess;
  log = '';

  constructor(
    readonly id: string,
    readonly place: { server: Server; redis: Redis; repository: BareRepository; dir: string },
  ) {}

  start(command: string[], env: Record<string, string>): void {
    const { server, repository, dir } = this.place;
    this.process = spawn(process.execPath, [program('worker-wrapper')], {
      env: { PATH: process.env.PATH, WORKER_ID: this.id, ENVIRONMENT_FROM: 'stdin' },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.process.stdin?.end(
      JSON.stringify({
        REDIS_URL: server.url,
        WORKER_DIR: dir,
        AGENT_COMMAND: JSON.stringify(command),
        REPO_URL: repository.path,
        REPO_REF: 'main',
        TERMINATE_GRACE_MS: '300',
        LOG_LEVEL: 'warn',
        ...env,
      }),
    );
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
  }

  async send(requestId: string, prompt: string, more: Record<string, unknown> = {}): Promise<string> {
    const input = { request_id: requestId, prompt, task_id: 'task_1', epoch: 1, timeout: 60, ...more };
    const params = { type: 'developer', worker_id: this.id };
    return (await publish(this.place.redis, workerInputs, input, { params })).entryId;
  }

  async outputs(): Promise<DeveloperWorkerOutput[]> {
    const entries = await this.place.redis.xrange('worker:developer:output', '-', '+');
    const all = entries.map(([, fields]) => JSON.parse(fields[1] as string) as DeveloperWorkerOutput);
    return all.filter((output) => output.worker_id === this.id);
  }

  /** The first answer to a request. */
  output(requestId: string, timeoutMs = 20_000): Promise<DeveloperWorkerOutput> {
    const find = async () => (await this.outputs()).find((output) => output.request_id === requestId);
    return waitFor(`the output of ${requestId}; the wrapper says: ${this.log}`, find, { timeoutMs });
  }

  async lifecycle(): Promise<WorkerLifecycleEvent[]> {
    const entries = await this.place.redis.xrange('worker:lifecycle', '-', '+');
    const all = entries.map(([, fields]) => JSON.parse(fields[1] as string) as WorkerLifecycleEvent);
    return all.filter((event) => event.worker_id === this.id);
  }

  async progress(requestId: string): Promise<ProgressEvent[]> {
    const entries = await this.place.redis.xrange('task:events', '-', '+');
    const all = entries.map(([, fields]) => JSON.parse(fields[1] as string) as ProgressEvent);
    return all.filter((event) => event.request_id === requestId);
  }

  /** Entries that are not acknowledged yet. */
  unacknowledged(): Promise<number> {
    return this.place.redis.xlen(`worker:developer:${this.id}:input`);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
  }
}
