import type {
  ApiKey,
  CreateApiKey,
  CreatedApiKey,
  CreateProject,
  CreateUser,
  FailTask,
  ListApiKeysQuery,
  ListProjectsQuery,
  ListTasksQuery,
  PageQuery,
  Project,
  PutServer,
  Secret,
  Server,
  ServiceDeployment,
  Task,
  TaskEvent,
  UpdateProject,
  User,
} from '@codegen/contracts';
import { abortable } from './abortable.js';
import { QueuesClient } from './admin/queues-client.js';
import { WorkersClient } from './admin/workers-client.js';
import { apiAddress, checkedToken } from './api/address.js';
import type { Api, ApiOptions, CallOptions, ListDeploymentsQuery, Page } from './api/index.js';
import { OrchestratorError } from './errors.js';
import type { Explanation } from './explain/explanation.js';
import type { DeployOrder } from './handles/deploy.js';
import type { EngineeringOrder } from './handles/engineering.js';
import type { TaskHandle } from './handles/task-handle.js';
import type { LogsOptions } from './handles/task-logs.js';
import { parseRedisUrl } from './queue/redis-url.js';
import { RedisSession } from './redis-session.js';

export interface OrchestratorOptions extends Omit<ApiOptions, 'apiUrl'> {
  /** `http://` or `https://`, with a base path or without. Queues and workers do without it. */
  apiUrl?: string | undefined;
  /**
   * Queues and workers are reached through it. With it, a started task's message is published at once; without it, by
   * the relay about a second later.
   */
  redisUrl?: string | undefined;
}

/**
 * The client: what the command line can do, for programs. Loads the rest of the package when first used. Queues and
 * workers share one connection to Redis, opened when first used and closed by `close()` or the end of `await using`.
 * Every call rejects with an OrchestratorError, or with the reason of its own AbortSignal.
 */
export class Orchestrator {
  readonly #options: OrchestratorOptions;
  readonly #session: RedisSession;
  #loading: Promise<Api> | undefined;
  /** The queues themselves, for whoever runs the system. Needs `redisUrl`. */
  readonly queues: QueuesClient;
  /** Workers, through the worker-manager that serves them. Needs `redisUrl`. */
  readonly workers: WorkersClient;

  /** @throws OrchestratorError NOT_CONFIGURED without any address; USAGE where an address or the token cannot be used */
  constructor(options: OrchestratorOptions) {
    const { apiUrl, token, redisUrl } = options;
    if (apiUrl === undefined && redisUrl === undefined) {
      throw new OrchestratorError(
        'NOT_CONFIGURED',
        'there is nothing to talk to: give an apiUrl and a token, or a redisUrl',
      );
    }
    if (apiUrl !== undefined) apiAddress(apiUrl);
    checkedToken(token);
    if (redisUrl !== undefined) parseRedisUrl(redisUrl);
    this.#options = options;
    this.#session = new RedisSession(options.redisUrl);
    this.queues = new QueuesClient(this.#session);
    this.workers = new WorkersClient(this.#session);
  }

  /** The REST API itself, for calls that have no shorter way. */
  api(call?: Pick<CallOptions, 'signal'>): Promise<Api> {
    const { apiUrl, ...options } = this.#options;
    if (apiUrl === undefined) {
      return Promise.reject(new OrchestratorError('NOT_CONFIGURED', 'this needs the API: give an apiUrl and a token'));
    }
    this.#loading ??= import('./api/index.js').then(({ createApi }) => createApi({ ...options, apiUrl }));
    return abortable(this.#loading, call?.signal);
  }

  /** Closes the connection to Redis, if there is one. The client may still be used: it connects again. */
  async close(): Promise<void> {
    await this.#session.close();
  }

  /** For `await using client = new Orchestrator(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly projects = {
    create: async (project: CreateProject, options?: CallOptions): Promise<Project> =>
      (await this.api(options)).projects.create(project, options),
    get: async (idOrName: string, options?: CallOptions): Promise<Project> =>
      (await this.api(options)).projects.get(idOrName, options),
    page: async (query?: ListProjectsQuery, options?: CallOptions): Promise<Page<Project>> =>
      (await this.api(options)).projects.page(query, options),
    list: (query?: ListProjectsQuery, options?: CallOptions): AsyncIterable<Project> =>
      this.#walk(options, (api) => api.projects.list(query, options)),
    update: async (idOrName: string, change: UpdateProject, options?: CallOptions): Promise<Project> =>
      (await this.api(options)).projects.update(idOrName, change, options),
    /** Takes a project out of use for good: it takes no more work, and its name is free again. */
    archive: async (idOrName: string, options?: CallOptions): Promise<Project> =>
      (await this.api(options)).projects.archive(idOrName, options),
  };

  readonly engineering = {
    /** Starts a task and returns at once. */
    start: async (order: EngineeringOrder, options?: CallOptions): Promise<TaskHandle> => {
      const [api, { startEngineering }] = await this.#load(import('./handles/engineering.js'), options);
      return startEngineering(api, this.#session, order, options);
    },
    /** A dry run: the server checks, nothing is stored. */
    check: async (order: EngineeringOrder, options?: CallOptions): Promise<Task> => {
      const [api, { checkEngineering }] = await this.#load(import('./handles/engineering.js'), options);
      return checkEngineering(api, order, options);
    },
  };

  readonly deploy = {
    /** Starts a task and returns at once. */
    start: async (order: DeployOrder, options?: CallOptions): Promise<TaskHandle> => {
      const [api, { startDeploy }] = await this.#load(import('./handles/deploy.js'), options);
      return startDeploy(api, this.#session, order, options);
    },
    /** A dry run: the server checks, nothing is stored. */
    check: async (order: DeployOrder, options?: CallOptions): Promise<Task> => {
      const [api, { checkDeploy }] = await this.#load(import('./handles/deploy.js'), options);
      return checkDeploy(api, order, options);
    },
    /** What was put where, newest first; with `current`, only what runs now. */
    page: async (query?: ListDeploymentsQuery, options?: CallOptions): Promise<Page<ServiceDeployment>> =>
      (await this.api(options)).deployments.page(query, options),
    list: (query?: ListDeploymentsQuery, options?: CallOptions): AsyncIterable<ServiceDeployment> =>
      this.#walk(options, (api) => api.deployments.list(query, options)),
  };

  readonly tasks = {
    get: async (id: string, options?: CallOptions): Promise<Task> => (await this.api(options)).tasks.get(id, options),
    page: async (query?: ListTasksQuery, options?: CallOptions): Promise<Page<Task>> =>
      (await this.api(options)).tasks.page(query, options),
    list: (query?: ListTasksQuery, options?: CallOptions): AsyncIterable<Task> =>
      this.#walk(options, (api) => api.tasks.list(query, options)),
    /** Asks for a task's end and returns it as it is now: it is cancelled a little later. */
    cancel: async (id: string, options?: CallOptions): Promise<Task> =>
      (await this.api(options)).tasks.cancel(id, options),
    /** Ends a task that is stuck, at once and from outside; needs a key of an administrator. */
    fail: async (id: string, body: FailTask, options?: CallOptions): Promise<Task> =>
      (await this.api(options)).tasks.fail(id, body, options),
    /** Starts a failed or cancelled task again, as its next attempt, and returns at once. */
    retry: async (id: string, options?: CallOptions): Promise<TaskHandle> => {
      const [api, { retryTask }] = await this.#load(import('./handles/start-task.js'), options);
      return retryTask(api, this.#session, id, options);
    },
    /** What has happened in a task so far, oldest first; with `follow`, on to its end. */
    logs: (id: string, options?: LogsOptions): AsyncIterable<TaskEvent> =>
      this.#walk(options, async function* (api) {
        const { taskLogs } = await abortable(import('./handles/task-logs.js'), options?.signal);
        yield* taskLogs(api, id, options);
      }),
    /** One causal timeline of a task, over API, events, queues, workers and git; by its id, or that of the call it came of. */
    explain: async (idOrCorrelationId: string, options?: CallOptions): Promise<Explanation> => {
      const [api, { explainTask }] = await this.#load(import('./explain/explain-task.js'), options);
      return explainTask(api, this.#session, idOrCorrelationId, options);
    },
    /** The handle of a task that someone has started, here or elsewhere. */
    handle: async (id: string, options?: CallOptions): Promise<TaskHandle> => {
      const [api, { TaskHandle }] = await this.#load(import('./handles/task-handle.js'), options);
      return new TaskHandle(api, await api.tasks.get(id, options));
    },
  };

  readonly keys = {
    /** The only time that a key's secret is told. */
    create: async (key: CreateApiKey, options?: CallOptions): Promise<CreatedApiKey> =>
      (await this.api(options)).keys.create(key, options),
    page: async (query?: ListApiKeysQuery, options?: CallOptions): Promise<Page<ApiKey>> =>
      (await this.api(options)).keys.page(query, options),
    list: (query?: ListApiKeysQuery, options?: CallOptions): AsyncIterable<ApiKey> =>
      this.#walk(options, (api) => api.keys.list(query, options)),
    revoke: async (id: string, options?: CallOptions): Promise<ApiKey> =>
      (await this.api(options)).keys.revoke(id, options),
  };

  /** People; for administrators. */
  readonly users = {
    create: async (user: CreateUser, options?: CallOptions): Promise<User> =>
      (await this.api(options)).users.create(user, options),
    page: async (query?: PageQuery, options?: CallOptions): Promise<Page<User>> =>
      (await this.api(options)).users.page(query, options),
    list: (query?: PageQuery, options?: CallOptions): AsyncIterable<User> =>
      this.#walk(options, (api) => api.users.list(query, options)),
    /** None of the user's keys works from then on, until `enable`. */
    disable: async (id: string, options?: CallOptions): Promise<User> =>
      (await this.api(options)).users.disable(id, options),
    enable: async (id: string, options?: CallOptions): Promise<User> =>
      (await this.api(options)).users.enable(id, options),
  };

  /** Machines that projects are put on. */
  readonly servers = {
    list: async (options?: CallOptions): Promise<Server[]> => (await this.api(options)).servers.list(options),
    /** Adds a server, or replaces what is known of the one of that handle. For administrators and services. */
    set: async (handle: string, server: PutServer, options?: CallOptions): Promise<Server> =>
      (await this.api(options)).servers.put(handle, server, options),
  };

  readonly secrets = {
    /** Stores a value for a project's environment; it is never told again. `project` is its id or name. */
    set: async (project: string, name: string, value: string, options?: CallOptions): Promise<Secret> =>
      (await this.api(options)).secrets.put(project, name, value, options),
    list: async (project: string, options?: CallOptions): Promise<Secret[]> =>
      (await this.api(options)).secrets.list(project, options),
    /** Names that `.project.yml` on main requires and that have no value yet: a deploy waits for them. */
    missing: async (project: string, options?: CallOptions): Promise<string[]> => {
      const [api, { missingSecrets }] = await this.#load(import('./api/missing-secrets.js'), options);
      return missingSecrets(api, project, options);
    },
    delete: async (project: string, name: string, options?: CallOptions): Promise<void> =>
      (await this.api(options)).secrets.delete(project, name, options),
  };

  #load<M>(module: Promise<M>, options: Pick<CallOptions, 'signal'> | undefined): Promise<[Api, M]> {
    return abortable(Promise.all([this.api(), module]), options?.signal);
  }

  async *#walk<T>(
    options: Pick<CallOptions, 'signal'> | undefined,
    list: (api: Api) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    yield* list(await this.api(options));
  }
}
