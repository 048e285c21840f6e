import { randomBytes } from 'node:crypto';
import {
  type ApiKey,
  type CreateTask,
  createApiKey,
  createProject as createProjectBody,
  deployQueue,
  type ErrorCode,
  engineeringQueue,
  errorCodes,
  makeId,
  type Project,
  type ServiceDeployment,
  type Task,
  type TaskEvent,
  updateProject,
  wireNow,
} from '@codegen/contracts';
import { type Answer, type SeenRequest, startScriptedServer } from './scripted-server.js';

export const TOKEN = 'cgk_0a1b2c3d_sEcReT-sEcReT-sEcReT-sEcReT-sEcReT-0000';

/** The part of the REST API that clients need, in memory, over real HTTP; tests move its tasks along. */
export interface FakeApi {
  url: string;
  seen: SeenRequest[];
  tasks: Map<string, Task>;
  projects: Project[];
  /** Newest first. */
  deployments: ServiceDeployment[];
  keys: ApiKey[];
  /** Answers before anything else does, where it returns something. */
  intercept: ((request: SeenRequest) => Answer | undefined) | undefined;
  /** Makes another answer of each. */
  transform: ((answer: Answer) => Answer) | undefined;
  /** Adds an event to a task's history and wakes long polls. */
  emit(taskId: string, event: Partial<TaskEvent>): void;
  /** Ends a task, with its last event. */
  end(taskId: string, status: 'completed' | 'failed' | 'cancelled', changes?: Partial<Task>): void;
  /** The id of the only task there is. */
  onlyTask(): string;
  /** A key that may do only so much. */
  makeToken(scopes: string[]): string;
  stop(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const tasks = new Map<string, Task>();
  const events = new Map<string, TaskEvent[]>();
  const projects: Project[] = [makeProject('todo-api')];
  const deployments: ServiceDeployment[] = [];
  const keys: ApiKey[] = [{ ...whoami.key }];
  const answered = new Map<string, { asked: string; answer: Answer }>();
  let wake: () => void = () => undefined;
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const touch = () => {
    wake();
    changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
  };

  const fake: FakeApi = {
    url: '',
    seen: [],
    tasks,
    projects,
    deployments,
    keys,
    intercept: undefined,
    transform: undefined,
    emit: (taskId, event) => {
      const history = events.get(taskId) ?? [];
      events.set(taskId, history);
      const request_id = tasks.get(taskId)?.request_id ?? '';
      history.push({ ...emptyEvent(taskId, request_id), ...event, seq: history.length + 1 });
      touch();
    },
    end: (taskId, status, changes = {}) => {
      Object.assign(tasks.get(taskId) as Task, { status, finished_at: wireNow(), ...changes });
      const error = changes.error ?? null;
      if (status === 'completed') fake.emit(taskId, { type: 'completed', message: 'done' });
      else fake.emit(taskId, { type: 'failed', error, error_type: changes.reason ?? status });
    },
    onlyTask: () => [...tasks.keys()][0] as string,
    stop: () => server.stop(),
  };

  const server = await startScriptedServer(async (request) => {
    const answer = fake.intercept?.(request) ?? (await answerOf(request));
    return fake.transform?.(answer) ?? answer;
  });
  fake.url = server.url;
  fake.seen = server.seen;
  return fake;

  async function answerOf(request: SeenRequest): Promise<Answer> {
    if (request.headers.authorization !== `Bearer ${TOKEN}` && request.path !== '/health') {
      return problem('UNAUTHENTICATED', 'the token is not valid');
    }
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return await route(request);
    const { correlation_id: _, ...rest } = (request.body ?? {}) as Record<string, unknown>;
    const asked = JSON.stringify([request.method, request.path, rest]);
    const before = answered.get(key);
    if (before && before.asked !== asked)
      return problem('IDEMPOTENCY_MISMATCH', 'this key was used for another request');
    const answer = before?.answer ?? (await route(request));
    if ((answer.status ?? 200) < 300) answered.set(key, { asked, answer: structuredClone(answer) });
    return answer;
  }

  async function route(request: SeenRequest): Promise<Answer> {
    const [, resource, id, action] = request.path.split('/');
    const where = `${request.method} ${resource}${id ? '/x' : ''}${action ? `/${action}` : ''}`;
    switch (where) {
      case 'GET health':
        return { body: { status: 'ok' } };
      case 'GET whoami':
        return { body: whoami };
      case 'POST projects':
        return createProject(request.body);
      case 'GET projects':
        return { body: pageOf(projects, request) };
      case 'GET projects/x':
        return found(projectOf(id), 'PROJECT_NOT_FOUND', `there is no project ${id}`, ['todo-api']);
      case 'PATCH projects/x':
        return changeProject(id, request.body);
      case 'POST projects/x/archive':
        return archive(id);
      case 'GET deployments':
        return { body: pageOf(deploymentsFor(request.query), request) };
      case 'GET api-keys':
        return { body: pageOf([...keys].reverse().filter(stateOf(request.query)), request) };
      case 'POST api-keys':
        return createKey(request.body);
      case 'DELETE api-keys/x':
        return revokeKey(id);
      case 'POST tasks':
        return createTask(request.body as CreateTask);
      case 'GET tasks':
        return { body: pageOf([...tasks.values()].reverse().filter(asked(request.query)).map(withoutSpec), request) };
      case 'GET tasks/x':
        return found(tasks.get(id ?? ''), 'TASK_NOT_FOUND', `there is no task ${id}`);
      case 'GET tasks/x/events':
        return readEvents(id ?? '', request.query);
      case 'POST tasks/x/published':
        return { status: 204 };
      case 'POST tasks/x/cancel':
        return cancelTask(id ?? '');
      case 'POST tasks/x/retry':
        return retryTask(id ?? '');
      default:
        return problem('NOT_FOUND', `no route ${where}`);
    }
  }

  function projectOf(idOrName: string | undefined): Project | undefined {
    return projects.find(({ id, name }) => id === idOrName || name === idOrName);
  }

  function nameTaken(name: string | undefined): boolean {
    return projects.some((one) => one.name === name && one.status !== 'archived');
  }

  function createProject(body: unknown): Answer {
    const { data, error } = createProjectBody.safeParse(body);
    if (!data) return unfit(error.issues);
    if (nameTaken(data.name)) return problem('NAME_TAKEN', `you have a project ${data.name} already`);
    const made = { ...makeProject(data.name), description: data.description ?? null, modules: data.modules };
    if (!data.dry_run) projects.push(made);
    return { status: data.dry_run ? 200 : 201, body: made };
  }

  function changeProject(id: string | undefined, body: unknown): Answer {
    const project = projectOf(id);
    if (!project) return problem('PROJECT_NOT_FOUND', `there is no project ${id}`, ['todo-api']);
    const { data, error } = updateProject.safeParse(body);
    if (!data) return unfit(error.issues);
    if (Object.keys(data).length === 0) return problem('VALIDATION_FAILED', 'the body: name what is to change');
    if (project.status === 'archived') return problem('PROJECT_ARCHIVED', `${project.name} is archived`);
    if (data.name !== project.name && nameTaken(data.name)) {
      return problem('NAME_TAKEN', `you have a project ${data.name} already`);
    }
    return { body: Object.assign(project, data, { updated_at: wireNow() }) };
  }

  function archive(id: string | undefined): Answer {
    const project = projectOf(id);
    if (!project) return problem('PROJECT_NOT_FOUND', `there is no project ${id}`, ['todo-api']);
    const open = [...tasks.values()].filter((task) => task.project_id === project.id && !task.finished_at);
    const choices = open.map((task) => task.id);
    if (open.length > 0) return problem('CONFLICT', `${project.name} has tasks that have not ended`, choices);
    return { body: Object.assign(project, { status: 'archived' }) };
  }

  function deploymentsFor(query: URLSearchParams): ServiceDeployment[] {
    const project = query.get('project');
    const wanted = project === null ? undefined : projectOf(project)?.id;
    return deployments.filter(({ project_id, service }, at) => {
      if (project !== null && project_id !== wanted) return false;
      const newest = deployments.findIndex((one) => one.project_id === project_id && one.service === service);
      return query.get('current') !== 'true' || newest === at;
    });
  }

  function createKey(body: unknown): Answer {
    const { data, error } = createApiKey.safeParse(body);
    if (!data) return unfit(error.issues);
    const { name, role, scopes, expires_at = null } = data;
    const prefix = randomBytes(4).toString('hex');
    const key = { ...whoami.key, id: makeId('key'), name, prefix, role, scopes, expires_at, created_at: wireNow() };
    keys.push(key);
    return { status: 201, body: { key, secret: `cgk_${prefix}_${randomBytes(32).toString('base64url')}` } };
  }

  function revokeKey(id: string | undefined): Answer {
    const key = keys.find((one) => one.id === id);
    if (!key) return problem('NOT_FOUND', `there is no API key ${id}`, [keys.at(-1)?.id ?? '']);
    key.revoked_at ??= wireNow();
    return { body: key };
  }

  function cancelTask(id: string): Answer {
    const task = tasks.get(id);
    if (!task) return problem('TASK_NOT_FOUND', `there is no task ${id}`);
    if (task.status === 'completed' || task.status === 'failed') {
      return problem('TASK_ENDED', `the task is ${task.status} already: there is nothing to cancel`);
    }
    if (task.status !== 'cancelled') task.cancel_requested = true;
    return { body: withoutSpec(task) };
  }

  function retryTask(id: string): Answer {
    const task = tasks.get(id);
    if (!task) return problem('TASK_NOT_FOUND', `there is no task ${id}`);
    if (task.status !== 'failed' && task.status !== 'cancelled') {
      return problem('CONFLICT', `the task is ${task.status}: only a failed or cancelled one can be retried`);
    }
    const fresh = { status: 'queued', reason: null, result: null, error: null, started_at: null, finished_at: null };
    Object.assign(task, fresh, { attempt: task.attempt + 1, cancel_requested: false, request_id: crypto.randomUUID() });
    return { body: created(task) };
  }

  function created(task: Task) {
    const { request_id, correlation_id, project_id, type } = task;
    const ids = { request_id, correlation_id, task_id: task.id, project_id, user_id: 0 };
    const queue = type === 'engineering' ? engineeringQueue : deployQueue;
    return { task: withoutSpec(task), stream: queue.stream, message: queue.message.parse(ids) };
  }

  function createTask(body: CreateTask): Answer {
    const project = projectOf(body.project);
    if (!project) return problem('PROJECT_NOT_FOUND', `there is no project ${body.project}`, ['todo-api']);
    const task = makeTask(project.id, body);
    if (!body.dry_run) tasks.set(task.id, task);
    return { status: body.dry_run ? 200 : 201, body: created(task) };
  }

  async function readEvents(id: string, query: URLSearchParams): Promise<Answer> {
    const task = tasks.get(id);
    if (!task) return problem('TASK_NOT_FOUND', `there is no task ${id}`);
    const since = Number(query.get('since') ?? 0);
    const deadline = Date.now() + Number(query.get('wait_ms') ?? 0);
    for (;;) {
      const all = events.get(id) ?? [];
      const items = all.filter(({ seq }) => seq > since).slice(0, Number(query.get('limit') ?? 200));
      const leftMs = deadline - Date.now();
      if (items.length > 0 || leftMs <= 0) {
        return { body: { items, last_seq: items.at(-1)?.seq ?? since, task: withoutSpec(task) } };
      }
      await Promise.race([changed, new Promise((resolve) => setTimeout(resolve, leftMs))]);
    }
  }
}

/** A problem document of ours. */
export function problem(code: ErrorCode, detail: string, choices?: string[]): Answer {
  const { status, retryable } = errorCodes[code];
  return { status, body: { type: 'about:blank', title: code, status, detail, code, retryable, choices } };
}

const whoami = {
  user: { id: 'user_1', name: 'Ada', telegram_id: null, is_admin: false, created_at: wireNow() },
  key: {
    id: 'key_1',
    name: 'test',
    prefix: '0a1b2c3d',
    role: 'user' as const,
    scopes: ['*'],
    user_id: 'user_1',
    expires_at: null,
    revoked_at: null,
    created_at: wireNow(),
  },
};

/** The refusal of a body that does not fit, field by field. */
function unfit(issues: readonly { path: readonly PropertyKey[]; message: string }[]): Answer {
  const errors = issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const { status, body } = problem('VALIDATION_FAILED', `${errors[0]?.path || 'the body'}: ${errors[0]?.message}`);
  return { status: status ?? 400, body: { ...(body as object), errors } };
}

/** Which tasks a query asks for. */
function asked(query: URLSearchParams) {
  return (task: Task) =>
    (['type', 'status'] as const).every((name) => query.get(name) === null || query.get(name) === task[name]);
}

/** Which keys a query asks for. */
function stateOf(query: URLSearchParams) {
  return ({ revoked_at }: ApiKey) => query.get('state') !== 'valid' || revoked_at === null;
}

function withoutSpec({ spec: _, ...task }: Task): Task {
  return task;
}

function found(value: object | undefined, code: ErrorCode, detail: string, choices?: string[]): Answer {
  return value ? { body: value } : problem(code, detail, choices);
}

function pageOf(items: readonly object[], { query }: SeenRequest) {
  const from = Number(query.get('cursor') ?? 0);
  const to = from + Number(query.get('limit') ?? 50);
  return { items: items.slice(from, to), next_cursor: to < items.length ? String(to) : null };
}

function makeProject(name: string): Project {
  return {
    id: makeId('proj'),
    name,
    description: null,
    status: 'draft',
    modules: ['backend'],
    repository_url: null,
    owner_id: 'user_1',
    main_sha: null,
    manifest: null,
    created_at: wireNow(),
    updated_at: wireNow(),
  };
}

function makeTask(project_id: string, { type, spec, correlation_id }: CreateTask): Task {
  return {
    id: makeId('task'),
    project_id,
    type,
    status: 'queued',
    reason: null,
    spec: spec ?? null,
    result: null,
    error: null,
    attempt: 1,
    epoch: 0,
    cancel_requested: false,
    request_id: crypto.randomUUID(),
    correlation_id: correlation_id ?? crypto.randomUUID(),
    created_at: wireNow(),
    updated_at: wireNow(),
    started_at: null,
    finished_at: null,
  };
}

function emptyEvent(task_id: string, request_id: string): TaskEvent {
  return {
    seq: 0,
    type: 'progress',
    request_id,
    task_id,
    timestamp: wireNow(),
    message: null,
    progress_pct: null,
    current_step: null,
    error: null,
    error_type: null,
  };
}
