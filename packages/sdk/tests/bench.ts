import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { engineeringQueue } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import { startRedis, type TestRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait-for.js';
import { type ConsumerOptions, type RunningConsumer, runConsumer } from '../src/consumer/index.js';
import { closeRedis, connectRedis, type Logger, publish } from '../src/queue/index.js';

export const STREAM = engineeringQueue.stream;
export const DLQ = `${STREAM}:dlq`;
export const GROUP = engineeringQueue.group as string;

type EngineeringOptions = ConsumerOptions<typeof engineeringQueue>;
type Handler = EngineeringOptions['handler'];

/** A Redis with the engineering queue, and consumers that end with the test. */
export interface Bench {
  readonly server: TestRedis;
  readonly redis: Redis;
  /** What the consumers logged. */
  readonly logged: { level: string; message: string; bindings: Record<string, unknown> }[];
  consume(handler: Handler, options?: Partial<EngineeringOptions>): RunningConsumer;
  /** Starts a consumer in a process of its own. */
  consumeInProcess(mode: string, options: ProcessOptions): ConsumerProcess;
  /** Publishes a task of this id. */
  add(taskId: string): Promise<string>;
  deadLetters(): Promise<{ original: Record<string, string>; context: Record<string, unknown> }[]>;
  pendingCount(): Promise<number>;
  /** Stops the consumers and empties Redis. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

interface ProcessOptions {
  consumer: string;
  leaseMs: number;
  /** More of an environment. */
  env?: Record<string, string>;
}

export interface ConsumerProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
  said(line: string): Promise<unknown>;
  kill(): Promise<void>;
}

export async function openBench(args: readonly string[] = []): Promise<Bench> {
  const server = await startRedis(args);
  const redis = connectRedis(server.url);
  const logged: Bench['logged'] = [];
  const logger = recordingLogger(logged);
  let consumers: RunningConsumer[] = [];
  let processes: ConsumerProcess[] = [];
  let number = 0;
  const reset = async () => {
    await Promise.all([...consumers.map((consumer) => consumer.stop()), ...processes.map(({ kill }) => kill())]);
    consumers = [];
    processes = [];
    logged.length = 0;
    await redis.flushall();
  };
  return {
    server,
    redis,
    logged,
    consume: (handler, options = {}) => {
      number += 1;
      const consumer = runConsumer({
        redisUrl: server.url,
        contract: engineeringQueue,
        consumer: `consumer-${number}`,
        service: 'test',
        logger,
        handler,
        leaseMs: 1000,
        deadlineMs: 200,
        ...options,
      });
      consumers.push(consumer);
      return consumer;
    },
    consumeInProcess: (mode, options) => {
      const started = startProcess(server.url, mode, options);
      processes.push(started);
      return started;
    },
    add: async (taskId) => {
      const { entryId } = await publish(redis, engineeringQueue, { task_id: taskId, project_id: 'proj_1', user_id: 0 });
      return entryId;
    },
    deadLetters: async () =>
      (await redis.xrange(DLQ, '-', '+')).map(([, [, original, , context]]) => ({
        original: JSON.parse(original as string),
        context: JSON.parse(context as string),
      })),
    pendingCount: async () => ((await redis.xpending(STREAM, GROUP)) as [number])[0],
    reset,
    close: async () => {
      await reset();
      await closeRedis(redis);
      await server.stop();
    },
  };
}

function recordingLogger(logged: Bench['logged']): Logger {
  const record = (level: string) => (bindings: object, message: string) => {
    logged.push({ level, message, bindings: { ...bindings } });
  };
  return { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}

function startProcess(url: string, mode: string, { consumer, leaseMs, env: more }: ProcessOptions): ConsumerProcess {
  const script = fileURLToPath(new URL('./fixtures/consumer-process.js', import.meta.url));
  const env = {
    PATH: process.env.PATH,
    REDIS_URL: url,
    CONSUMER: consumer,
    LEASE_MS: String(leaseMs),
    MODE: mode,
    ...more,
  };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    child,
    lines,
    said: (line) => waitFor(`the process to say ${line}`, () => lines.includes(line)),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
