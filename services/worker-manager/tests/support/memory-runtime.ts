import { setTimeout as sleep } from 'node:timers/promises';
import { developerOutput, workerInputs, workerLifecycle, workerResultKey } from '@codegen/contracts';
import { answerOnce, type RunningConsumer, runConsumer } from '@codegen/sdk/consumer';
import { publish, type Redis } from '@codegen/sdk/queue';
import type { Runtime } from '../../src/runtimes/runtime.js';

interface MemoryWorker {
  readonly files: Map<string, string>;
  consumer?: RunningConsumer;
  log: number;
}

/** Milliseconds that ending a worker takes. */
const END_MS = 50;

/**
 * A machine whose workers are objects of this process: no file system has their files, no process table knows them. They
 * live as long as the machine, whatever becomes of its managers. A turn takes as many milliseconds as its prompt says.
 */
export function memoryMachine(redis: Redis, redisUrl: string) {
  const workers = new Map<string, MemoryWorker>();
  const fileOf = (workerId: string) => workers.get(workerId)?.files ?? new Map<string, string>();
  const crash = async (workerId: string) => {
    const worker = workers.get(workerId);
    const consumer = worker?.consumer;
    delete worker?.consumer;
    await consumer?.stop();
  };
  const runtime: Runtime = {
    outlivesManager: true,
    async prepare(workerId, files) {
      const worker = workers.get(workerId) ?? { files: new Map(), log: 0 };
      workers.set(workerId, worker);
      for (const [path, content] of Object.entries(files)) worker.files.set(path, content);
    },
    async start({ workerId }, onExit) {
      const worker = workers.get(workerId) as MemoryWorker;
      const say = (event: 'started' | 'completed', request_id: string | null) =>
        publish(redis, workerLifecycle, { worker_id: workerId, event, request_id });
      worker.consumer = runConsumer({
        redisUrl,
        contract: workerInputs,
        params: { type: 'developer', worker_id: workerId },
        ...{ consumer: workerId, service: 'memory-worker', deadlineMs: END_MS },
        handler: async ({ request_id, prompt, epoch }, { signal }) => {
          await say('started', request_id);
          await sleep(Number(prompt), undefined, { signal });
          worker.files.set('repo/prompt', prompt);
          const about = { request_id, worker_id: workerId, epoch };
          const key = workerResultKey(workerId, request_id);
          await answerOnce({ redis, key, contract: developerOutput, message: { ...about, status: 'success' } });
          await say('completed', request_id);
        },
      });
      void worker.consumer.done.then(onExit, onExit);
      await say('started', null);
      return { memory: workerId };
    },
    isAlive: async ({ memory }) => workers.get(String(memory))?.consumer !== undefined,
    end: crash,
    async tidy(workerId) {
      const worker = workers.get(workerId);
      if (worker) worker.log = 0;
    },
    async writeFile(workerId, path, content) {
      fileOf(workerId).set(path, content);
    },
    async *outbox(workerId) {
      for (const [name, content] of fileOf(workerId)) if (name.startsWith('outbox/')) yield { name, content };
    },
    async emptyOutbox(workerId) {
      for (const name of fileOf(workerId).keys()) if (name.startsWith('outbox/')) fileOf(workerId).delete(name);
    },
    async remove(workerId) {
      workers.delete(workerId);
    },
    list: async () => [...workers.keys()],
  };
  return {
    runtime,
    crash,
    read: async (workerId: string, path: string) => fileOf(workerId).get(path),
    plant: (workerId: string, path: string, content: string) => runtime.prepare(workerId, { [path]: content }),
    growLog: async (workerId: string) => {
      (workers.get(workerId) as MemoryWorker).log = 6_000_000;
    },
    logBytes: async (workerId: string) => (workers.get(workerId) as MemoryWorker).log,
    isThere: async (workerId: string) => workers.has(workerId),
    stop: async () => {
      await Promise.all([...workers.keys()].map(crash));
    },
  };
}
