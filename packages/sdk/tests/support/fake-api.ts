import {
  type CreateTask,
  type ErrorCode,
  engineeringQueue,
  errorCodes,
  makeId,
  type Project,
  type Task,
  type TaskEvent,
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
  /** Answers before anything else does, where it returns something. */
  intercept: ((request: SeenRequest) => Answer | undefined) | undefined;
  /** Adds an event to a task's history and wakes long polls. */
  emit(taskId: string, event: Partial<TaskEvent>): void;
  /** Ends a task, with its last event. */
  end(taskId: string, status: 'completed' | 'failed' | 'cancelled', changes?: Partial<Task>): void;
  /** The id of the only task there is. */
  onlyTask(): string;
  stop(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const tasks = new Map<string, Task>();
  const events = new Map<string, TaskEvent[]>();
  const projects: Project[] = [makeProject('todo-api')];
  const answered = new Map<string, Answer>();
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
    intercept: undefined,
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
    const intercepted = fake.intercept?.(request);
    if (intercepted) return intercepted;
    if (request.headers.authorization !== `Bearer ${TOKEN}` && request.path !== '/health') {
      return problem('UNAUTHENTICATED', 'the token is not valid');
    }
    const key = request.headers['idempotency-key'];
    const before = typeof key === 'string' ? answered.get(key) : undefined;
    if (before) return before;
    const answer = await route(request);
    if (typeof key === 'string' && (answer.status ?? 200) < 300) answered.set(key, answer);
    return answer;
  });
  fake.url = server.url;
  fake.seen = server.seen;
  return fake;

  async function route(request: SeenRequest): Promise<Answer> {
    const [, resource, id, action] = request.path.split('/');
    const where = `${request.method} ${resource}${id ? '/x' : ''}${action ? `/${action}` : ''}`;
    switch (where) {
      case 'GET health':
        return { body: { status: 'ok' } };
      case 'GET whoami':
        return { body: whoami };
      case 'POST projects':
        return createProject(request.body as { name: string; dry_run?: boolean });
      case 'GET projects':
        return { body: pageOf(projects, request) };
      case 'GET projects/x':
        return found(projectOf(id), 'PROJECT_NOT_FOUND', `there is no project ${id}`, ['todo-api']);
      case 'POST tasks':
        return createTask(request.body as CreateTask);
      case 'GET tasks':
        return { body: pageOf([...tasks.values()].reverse(), request) };
      case 'GET tasks/x':
        return found(tasks.get(id ?? ''), 'TASK_NOT_FOUND', `there is no task ${id}`);
      case 'GET tasks/x/events':
        return readEvents(id ?? '', request.query);
      case 'POST tasks/x/published':
        return { status: 204 };
      case 'POST tasks/x/cancel':
        Object.assign(tasks.get(id ?? '') as Task, { cancel_requested: true });
        return { body: tasks.get(id ?? '') };
      default:
        return problem('NOT_FOUND', `no route ${where}`);
    }
  }

  function projectOf(idOrName: string | undefined): Project | undefined {
    return projects.find(({ id, name }) => id === idOrName || name === idOrName);
  }

  function createProject(body: { name: string; dry_run?: boolean }): Answer {
    if (projectOf(body.name)) return problem('NAME_TAKEN', `you have a project ${body.name} already`);
    const made = makeProject(body.name);
    if (!body.dry_run) projects.push(made);
    return { status: body.dry_run ? 200 : 201, body: made };
  }

  function createTask(body: CreateTask): Answer {
    const project = projectOf(body.project);
    if (!project) return problem('PROJECT_NOT_FOUND', `there is no project ${body.project}`, ['todo-api']);
    const task = makeTask(project.id, body);
    if (!body.dry_run) tasks.set(task.id, task);
    const ids = { request_id: task.request_id, task_id: task.id, project_id: project.id, user_id: 0 };
    const message = engineeringQueue.message.parse({ ...ids, correlation_id: task.correlation_id });
    return { status: body.dry_run ? 200 : 201, body: { task, stream: `${task.type}:queue`, message } };
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
      if (items.length > 0 || leftMs <= 0) return { body: { items, last_seq: all.length, task } };
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
    prefix: 'cgk_0a1b2c3d',
    role: 'user',
    scopes: ['*'],
    user_id: 'user_1',
    expires_at: null,
    revoked_at: null,
    created_at: wireNow(),
  },
};

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
