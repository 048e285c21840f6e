import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DeveloperWorkerOutput,
  type MessageInput,
  type ProgressEvent,
  type WorkerConfig,
  type WorkerResponse,
  workerCommands,
  workerInputs,
} from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { startService } from '@codegen/sdk/service';
import { createBareRepository } from '../../../../packages/worker-wrapper/tests/support/bare-repository.js';
import { processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { program } from '../../../../tests/support/program.js';
import { openRedis, startRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type WorkerManagerConfig, workerManager } from '../../src/index.js';
import { startProjectsApi } from './known-projects.js';

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..', '..', '..');
const agentNames = [
  'changes-nothing',
  'exits-nonzero',
  'forever',
  'ignores-sigterm',
  'prints-secrets-of-env',
  'spawns-children',
  'writes-file',
];

/** The operator's configuration of the tests: the agents among the wrapper's fixtures. */
export const agents = Object.fromEntries(
  agentNames.map((name) => [
    name,
    {
      command: [process.execPath, join(root, 'packages', 'worker-wrapper', 'tests', 'fixtures', `${name}.js`)],
      env: { BASE_URL: 'https://operator' },
      allowEnv: ['TOKEN', 'PLAIN', 'API_SECRET'],
    },
  ]),
);

/** A place for managers: Redis, a repository, folders, and what a requester does. */
export async function startBench() {
  const folder = await tempFolder('codegen-manager');
  const server = await startRedis();
  const redis = openRedis(server.url);
  redis.on('error', () => undefined);
  const reposDir = join(folder.path, 'repos');
  const workersDir = join(folder.path, 'workers');
  await mkdir(workersDir);
  const repository = await createBareRepository(reposDir);
  const managers: { stop(): Promise<void> }[] = [];
  const children: ChildProcess[] = [];
  const logged: string[] = [];
  const log = (bindings: object, message: string) => void logged.push(JSON.stringify({ ...bindings, message }));
  const api = await startProjectsApi();
  const config: WorkerManagerConfig = {
    redisUrl: server.url,
    api: { url: api.url, token: 'cgk_test' },
    workersDir,
    reposDir,
    agents,
    wrapperCommand: [process.execPath, program('worker-wrapper')],
    reconcileMs: 100,
    terminateGraceMs: 300,
    leaseMs: 1500,
    logger: { debug: () => undefined, info: log, warn: log, error: log },
  };

  const all = async <T>(stream: string): Promise<T[]> => {
    const entries = await redis.xrange(stream, '-', '+');
    return entries.map(([, fields]) => JSON.parse(fields[1] as string) as T);
  };
  const responses = async (requestId: string) =>
    (await all<WorkerResponse>('worker:responses')).filter((one) => one.request_id === requestId);
  const outputs = async (requestId: string) =>
    (await all<DeveloperWorkerOutput>('worker:developer:output')).filter((one) => one.request_id === requestId);

  const bench = {
    folder: folder.path,
    workersDir,
    reposDir,
    server,
    redis,
    repository,
    config,
    logged,
    all,
    responses,
    outputs,
    start: async (more: Partial<WorkerManagerConfig> = {}) => {
      const manager = await startService(workerManager, { ...config, ...more });
      managers.push(manager);
      return manager;
    },
    /** The manager as a process of its own. */
    spawn: async (env: Record<string, string> = {}): Promise<ChildProcess> => {
      const agentsFile = join(folder.path, 'agents.json');
      await writeFile(agentsFile, JSON.stringify(agents));
      const child = spawn(process.execPath, [program('worker-manager')], {
        env: {
          PATH: process.env.PATH,
          REDIS_URL: server.url,
          API_URL: config.api?.url,
          API_TOKEN: 'cgk_test',
          WORKERS_DIR: workersDir,
          REPOS_DIR: reposDir,
          AGENTS_FILE: agentsFile,
          TERMINATE_GRACE_MS: '300',
          LEASE_MS: '1500',
          ...env,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      let log = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      await waitFor('the manager', () => log.includes('worker-manager runs'), { timeoutMs: 20_000 });
      return child;
    },
    /** Names of the workers that have a folder. */
    folders: async (dir = workersDir) => (await readdir(dir)).filter((name) => name.startsWith('w-')).sort(),
    send: async (command: MessageInput<typeof workerCommands>): Promise<string> => {
      const { message } = await publish(redis, workerCommands, command);
      return message.request_id;
    },
    /** Sends a create and returns the worker's id. */
    create: async (
      agent: string,
      config: { [Name in keyof WorkerConfig]?: WorkerConfig[Name] | undefined } = {},
      requestId: string = randomUUID(),
    ): Promise<string> => {
      await bench.send({
        command: 'create',
        request_id: requestId,
        config: {
          name: 'test',
          agent: 'custom',
          agent_config: agent,
          worker_type: 'developer',
          capabilities: [],
          env_vars: {},
          repo: { repo_full_name: 'local/proj_1', ref: 'main' },
          ...config,
        } as WorkerConfig,
        context: { task_id: 'task_1', project_id: 'proj_1', epoch: '7' },
      });
      return `w-${requestId}`;
    },
    /** Sends a delete and waits for its answer. */
    delete: async (workerId: string): Promise<WorkerResponse> => {
      const requestId = randomUUID();
      await bench.send({ command: 'delete', request_id: requestId, worker_id: workerId });
      return bench.response(requestId);
    },
    input: async (workerId: string, prompt: string, more: object = {}): Promise<string> => {
      const requestId = randomUUID();
      const input = { request_id: requestId, prompt, timeout: 60, task_id: `task_${requestId}`, epoch: 7, ...more };
      await publish(redis, workerInputs, input, { params: { type: 'developer', worker_id: workerId } });
      return requestId;
    },
    response: (requestId: string): Promise<WorkerResponse> =>
      waitFor(`the response to ${requestId}; ${logged.join('\n')}`, async () => (await responses(requestId))[0], {
        timeoutMs: 20_000,
      }),
    output: (requestId: string): Promise<DeveloperWorkerOutput> =>
      waitFor(`the output of ${requestId}; ${logged.join('\n')}`, async () => (await outputs(requestId))[0], {
        timeoutMs: 20_000,
      }),
    /** Waits until a turn has said something. */
    saying: (requestId: string, message: string) =>
      waitFor(
        `${message} from ${requestId}; ${logged.join('\n')}`,
        async () =>
          (await all<ProgressEvent>('task:events')).some(
            (event) => event.request_id === requestId && event.message === message,
          ),
        { timeoutMs: 20_000 },
      ),
    /** Pid of a worker's wrapper. */
    wrapper: (workerId: string): Promise<number> =>
      waitFor(`the wrapper of ${workerId}`, async () => (await processesWith(`WORKER_ID=${workerId}`))[0]),
    stop: async () => {
      for (const child of children) await kill(child);
      await Promise.all(managers.map((manager) => manager.stop().catch(() => undefined)));
      redis.disconnect();
      await server.stop();
      await api.stop();
      await folder.remove();
    },
  };
  return bench;
}

/** Ends a process, also a stopped one, and gives its exit code. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}
