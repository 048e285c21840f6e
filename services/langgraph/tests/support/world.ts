import { randomBytes } from 'node:crypto';
import {
  type CreatedTask,
  deployQueue,
  engineeringQueue,
  type Project,
  type Task,
  type TaskEvent,
} from '@codegen/contracts';
import { type Api, createApi } from '@codegen/sdk/api';
import { closeRedis, connectRedis, type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { type ServiceSettings, startService } from '@codegen/sdk/service';
import pg from 'pg';
import { createDatabase } from '../../../../tests/support/postgres.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type ApiConfig, makeApiKeySecret, openPglite, startApi, userCacheFolder } from '../../../api/src/index.js';
import type { DatabasePool } from '../../src/engine/database/pool.js';
import { type LanggraphConfig, langgraph } from '../../src/index.js';
import { Executors, repositoryOf } from './executors.js';

export type DatabaseKind = 'PGlite' | 'PostgreSQL';
export const databases: readonly DatabaseKind[] = ['PGlite', 'PostgreSQL'];

export interface Replica {
  stop(): Promise<void>;
}

/** Real Redis, a real database, the real API, and scripted executors: everything around langgraph. */
export class World {
  readonly replicas: Replica[] = [];
  /** Lines that replicas logged as warnings or errors. */
  readonly complaints: string[] = [];
  #name = 0;

  private constructor(
    readonly kind: DatabaseKind,
    readonly redisServer: TestRedis,
    readonly redis: Redis,
    readonly pool: DatabasePool,
    /** Empty where the database is embedded. */
    readonly databaseUrl: string,
    readonly token: string,
    readonly api: Api,
    readonly executors: Executors,
    private readonly apiPort: { url: string; stop(): Promise<void>; start(): Promise<void> },
    private readonly closers: (() => Promise<void>)[],
  ) {}

  static async open(kind: DatabaseKind, apiConfig: Pick<ApiConfig, 'conditions'> = {}): Promise<World> {
    const closers: (() => Promise<void>)[] = [];
    const redisServer = await startRedis();
    closers.push(() => redisServer.stop());
    const { pool, url: databaseUrl } = await openDatabase(kind, closers);
    const token = makeApiKeySecret();
    const masterKey = randomBytes(32);
    let running = await startApi({
      host: '127.0.0.1',
      port: 0,
      database: { pool: pool as never },
      adminToken: token,
      masterKey,
      ...apiConfig,
    });
    const port = Number(new URL(running.url).port);
    closers.push(() => running.stop());
    const apiPort = {
      url: running.url,
      stop: () => running.stop(),
      start: async () => {
        running = await startApi({
          host: '127.0.0.1',
          port,
          database: { pool: pool as never },
          adminToken: token,
          masterKey,
          ...apiConfig,
        });
      },
    };
    const api = createApi({ apiUrl: running.url, token });
    await api.servers.put('local', { ip: '127.0.0.1', port_from: 18_000, port_to: 18_999 });
    const redis = connectRedis(redisServer.url);
    closers.push(() => closeRedis(redis));
    const executors = new Executors(redisServer.url, api);
    closers.push(() => executors.stop());
    await executors.ready;
    return new World(kind, redisServer, redis, pool, databaseUrl, token, api, executors, apiPort, closers);
  }

  get apiUrl(): string {
    return this.apiPort.url;
  }

  /** Starts a langgraph with short times. */
  async startReplica(config: Partial<LanggraphConfig & ServiceSettings> = {}): Promise<Replica> {
    this.#name += 1;
    const replica = await startService(langgraph, { ...this.replicaConfig(`replica-${this.#name}`), ...config });
    this.replicas.push(replica);
    return replica;
  }

  replicaConfig(instance: string): LanggraphConfig & ServiceSettings {
    const complain = (bindings: object, message: string) => {
      this.complaints.push(`${message} ${JSON.stringify(bindings)}`);
    };
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };
    return {
      redisUrl: this.redisServer.url,
      api: { url: this.apiUrl, token: this.token },
      database: { pool: this.pool },
      instance,
      leaseMs: 1500,
      sweepMs: 100,
      endsEveryMs: 500,
      verifyMs: 2000,
      developer: { agent: 'custom', agentConfig: 'demo', turnTimeoutSeconds: 60 },
      tester: { agentConfig: 'project-tests', turnTimeoutSeconds: 60 },
      logger,
    };
  }

  /** Stops the replicas of a test and forgets its script. */
  async reset(): Promise<void> {
    await Promise.all(this.replicas.splice(0).map((one) => one.stop()));
    this.executors.script = {};
    this.complaints.splice(0);
  }

  async newProject(): Promise<Project> {
    return this.api.projects.create({ name: `p-${randomBytes(6).toString('hex')}` });
  }

  /** A project whose repository is there already. */
  async scaffoldedProject(
    environment: { name: string; required?: boolean; secret?: boolean }[] = [],
  ): Promise<Project> {
    const project = await this.newProject();
    return this.api.projects.report(project.id, {
      status: 'scaffolded',
      repository: repositoryOf(project.id),
      main_sha: 'a'.repeat(40),
      manifest: {
        test: ['true'],
        start: ['node', 'server.js'],
        environment: environment.map((one) => ({ required: true, secret: true, ...one })),
      },
    });
  }

  /** Creates a task and publishes its message. */
  async start(type: 'engineering' | 'deploy', project: Project, spec = 'Make it so.'): Promise<Task> {
    const created = await this.api.tasks.create({ project: project.id, type, ...(type === 'engineering' && { spec }) });
    await this.publish(created);
    return created.task;
  }

  /** Publishes a task's message, once more if need be. */
  async publish(created: Pick<CreatedTask, 'message' | 'task'>): Promise<void> {
    const contract = created.task.type === 'engineering' ? engineeringQueue : deployQueue;
    await publish(this.redis, contract, created.message);
  }

  /** The task once it has ended and its end was recorded as an event. */
  async ended(task: Task, timeoutMs = 20_000): Promise<Task> {
    const deadline = Date.now() + timeoutMs;
    for (let since = 0; Date.now() < deadline; ) {
      const page = await this.api.tasks
        .events(task.id, { since, wait_ms: 1000 })
        .catch(() => ({ items: [], last_seq: since, task }));
      if (page.items.some((event) => event.type === 'completed' || event.type === 'failed')) {
        return this.api.tasks.get(task.id);
      }
      since = Math.max(since, ...page.items.map((event) => event.seq));
    }
    const { status, reason } = await this.api.tasks.get(task.id);
    const about = [`task: ${status} ${reason ?? ''}`, `events: ${(await this.story(task)).join(' ')}`];
    throw new Error([`${task.type} task ${task.id} did not end`, ...about, ...this.complaints.slice(-10)].join('\n'));
  }

  async events(task: Task): Promise<TaskEvent[]> {
    return (await this.api.tasks.events(task.id, { since: 0, limit: 1000 })).items;
  }

  /** A task's events as words: the step of each progress, the type of the others. */
  async story(task: Task): Promise<string[]> {
    return (await this.events(task)).map((event) =>
      event.type === 'progress' ? String(event.current_step) : event.type,
    );
  }

  /** Waits until a request of that step has come, and gives it. */
  async seen(step: Parameters<Executors['of']>[0], task: Task, times = 1) {
    return waitFor(`${times} × ${step}`, () => this.executors.of(step, task)[times - 1], { timeoutMs: 15_000 }).catch(
      (error: unknown) => {
        throw new Error([String(error), ...this.complaints.slice(-10)].join('\n'), { cause: error });
      },
    );
  }

  /** Waits until nothing is under way: no event on its way to the API, no command unanswered, no thread driven. */
  async settled(): Promise<void> {
    await waitFor('everything to settle', async () => {
      const left = await Promise.all(['task:events', 'worker:commands'].map((one) => this.redis.xlen(one)));
      const { rows } = await this.pool.query("select 1 from langgraph.threads where state <> 'done'");
      return left.every((length) => length === 0) && rows.length === 0;
    });
  }

  stopApi(): Promise<void> {
    return this.apiPort.stop();
  }

  startApi(): Promise<void> {
    return this.apiPort.start();
  }

  async close(): Promise<void> {
    await this.reset();
    for (const close of this.closers.splice(0).reverse()) await close();
  }
}

async function openDatabase(
  kind: DatabaseKind,
  closers: (() => Promise<void>)[],
): Promise<{ pool: DatabasePool; url: string }> {
  if (kind === 'PGlite') {
    const folder = await tempFolder('codegen-langgraph');
    closers.push(() => folder.remove());
    const database = await openPglite(folder.path, { cacheFolder: userCacheFolder(process.env) });
    closers.push(() => database.close());
    return { pool: database.pool, url: '' };
  }
  const database = await createDatabase();
  closers.push(() => database.drop());
  const pool = new pg.Pool({ connectionString: database.url, max: 20 });
  pool.on('error', () => undefined);
  closers.push(() => pool.end());
  return { pool, url: database.url };
}
