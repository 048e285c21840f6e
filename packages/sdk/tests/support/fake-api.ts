import { randomBytes } from 'node:crypto';
import {
  type ApiKey,
  type CreatedApiKey,
  type CreatedTask,
  type CreateTask,
  createApiKey,
  createProject as createProjectBody,
  createTask as createTaskBody,
  createUser,
  deployQueue,
  type ErrorCode,
  engineeringQueue,
  errorCodes,
  expandScopes,
  FAILED_BY_ADMIN,
  failTask,
  holdsScope,
  identifier,
  isKnownScope,
  isTerminalEvent,
  listProjectsQuery,
  listTasksQuery,
  MAX_SPEC_BYTES,
  makeId,
  type Project,
  pageQuery,
  putSecret,
  putServer,
  type Server,
  type Service,
  type ServiceDeployment,
  type ServiceName,
  serviceName,
  serviceNames,
  signOfLife,
  type Task,
  type TaskEvent,
  type TaskType,
  taskEventsQuery,
  taskType,
  type User,
  updateProject,
  wireNow,
} from '@codegen/contracts';
import { access, typesSeen } from '../../../../services/api/src/access.js';
import { nearNames } from '../../../../services/api/src/store/near-names.js';
import { type Answer, type SeenRequest, startScriptedServer } from './scripted-server.js';

export const TOKEN = 'cgk_0a1b2c3d_sEcReT-sEcReT-sEcReT-sEcReT-sEcReT-0000';

/**
 * The part of the REST API that clients need, in memory, over real HTTP; tests move its tasks along. It passes the suite
 * that the real one passes: tests/integration/api-conformance.test.ts.
 */
export interface FakeApi {
  url: string;
  seen: SeenRequest[];
  tasks: Map<string, Task>;
  projects: Project[];
  /** Newest first. */
  deployments: ServiceDeployment[];
  keys: ApiKey[];
  users: User[];
  servers: Server[];
  /** Those that have given a sign of life, or that a test says are there. */
  services: Service[];
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
  makeToken(scopes: string[], role?: ApiKey['role']): string;
  stop(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const tasks = new Map<string, Task>();
  const events = new Map<string, TaskEvent[]>();
  const projects: Project[] = [makeProject('todo-api')];
  const deployments: ServiceDeployment[] = [];
  const services: Service[] = serviceNames.map((name) => aService(name));
  const secrets = new Map<string, Set<string>>();
  const users: User[] = [];
  const servers: Server[] = [];
  const keys: ApiKey[] = [{ ...whoami.key }];
  const tokens = new Map<string, ApiKey>([[TOKEN, whoami.key]]);
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
    users,
    servers,
    services,
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
    makeToken: (scopes, role = 'user') => {
      const token = `cgk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('base64url')}`;
      tokens.set(token, { ...whoami.key, id: makeId('key'), scopes, role });
      return token;
    },
    stop: () => server.stop(),
  };

  const server = await startScriptedServer(async (request) => {
    const answer = fake.intercept?.(request) ?? signed(request, await answerOf(request));
    return fake.transform?.(answer) ?? answer;
  });
  fake.url = server.url;
  fake.seen = server.seen;
  return fake;

  /** As the real one: who asks, whether it was asked before, what is asked. */
  async function answerOf(request: SeenRequest): Promise<Answer> {
    const route = routeOf(request);
    if (!route) return problem('NOT_FOUND', `there is no ${request.method} here`);
    const rule = access[route];
    if (!rule || rule === 'public') return await serve(route, request);
    const caller = tokens.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!caller) {
      const headers = { 'www-authenticate': 'Bearer' };
      return { ...problem('UNAUTHENTICATED', 'this API key is not known here'), headers };
    }
    const lacking = rule.scopes.length > 0 && !rule.scopes.some((scope) => holdsScope(caller.scopes, scope));
    if (lacking || rule.roles?.includes(caller.role) === false) return problem('FORBIDDEN', 'this key may not do that');
    if (route === 'GET /whoami') return { body: { ...whoami, key: caller } };
    const types = caller.role === 'admin' ? taskType.options : typesSeen(caller.scopes, rule);
    const key = request.headers['idempotency-key'];
    const { correlation_id: _, ...rest } = (request.body ?? {}) as Record<string, unknown>;
    if (typeof key !== 'string' || rest.dry_run === true) return await serve(route, request, types);
    if (!/^[\x21-\x7e]{1,200}$/.test(key)) return problem('VALIDATION_FAILED', 'Idempotency-Key has a length');
    const asked = JSON.stringify([request.path, rest]);
    const call = `${caller.id} ${route} ${key}`;
    const before = answered.get(call);
    if (before && before.asked !== asked) return problem('IDEMPOTENCY_MISMATCH', 'this key was used for another call');
    if (before && route === 'POST /api-keys') {
      const { id, name } = (before.answer.body as CreatedApiKey).key;
      return problem('SECRET_SHOWN', `this call has made the key ${id} (${name}) already`, [id]);
    }
    if (before) return { ...replayOf(before.answer), headers: { 'idempotency-replayed': 'true' } };
    const answer = await serve(route, request, types);
    if ((answer.status ?? 200) < 300) answered.set(call, { asked, answer: structuredClone(answer) });
    return answer;
  }

  /** The task that a stored answer is about is told as it is now. */
  function replayOf(answer: Answer): Answer {
    const { task: { id } = { id: '' } } = answer.body as { task?: Task };
    const task = tasks.get(id);
    if (!task) return answer;
    if (task.status === 'failed' || task.status === 'cancelled') {
      return problem('TASK_ENDED', `this Idempotency-Key started ${id}, which ${task.status}`, [id]);
    }
    return { ...answer, body: { ...created(task), replayed: true } };
  }

  async function serve(route: string, request: SeenRequest, types: readonly TaskType[] = []): Promise<Answer> {
    const id = decodeURIComponent(request.path.split('/')[2] ?? '');
    if (route.includes('{') && !identifier.safeParse(id).success) {
      return problem('VALIDATION_FAILED', 'the path: is not an identifier');
    }
    const known = Object.keys(bodies[route]?.shape ?? {});
    const unknown = Object.keys(request.body ?? {}).filter((field) => !known.includes(field));
    if (unknown.length > 0) {
      const issues = unknown.map((field) => ({ path: [field], message: 'no such field is known' }));
      const { status, body } = unfit(issues);
      return { status: status as number, body: { ...(body as object), choices: known } };
    }
    const type = tasks.get(id)?.type;
    if (id !== '' && request.path.startsWith('/tasks/') && !(type && types.includes(type))) {
      return problem('TASK_NOT_FOUND', `no task has the id ${id}`);
    }
    switch (route) {
      case 'GET /health':
        return { body: { status: 'ok' } };
      case 'POST /projects':
        return createProject(request.body);
      case 'GET /projects':
        return listProjects(request);
      case 'GET /projects/{project}': {
        const project = projectOf(id);
        return project ? { body: project } : noProject(id);
      }
      case 'PATCH /projects/{project}':
        return changeProject(id, request.body);
      case 'POST /projects/{project}/archive':
        return archive(id);
      case 'GET /projects/{project}/secrets':
      case 'PUT /projects/{project}/secrets/{name}':
      case 'DELETE /projects/{project}/secrets/{name}':
        return secretsOf(request.method, id, request.path.split('/')[4]);
      case 'GET /services':
        return { body: { items: services } };
      case 'PUT /services/{name}/{instance}':
        return noteService(request);
      case 'GET /deployments':
        return pageOf(deploymentsFor(request.query), request);
      case 'GET /api-keys':
        return pageOf([...keys].reverse().filter(stateOf(request.query)), request);
      case 'POST /users':
        return addUser(request.body);
      case 'GET /users':
        return pageOf([...users].reverse(), request);
      case 'POST /users/{id}/disable':
      case 'POST /users/{id}/enable':
        return setDisabled(id, request.path.endsWith('/disable'));
      case 'GET /servers':
        return { body: { items: servers } };
      case 'PUT /servers/{handle}':
        return setServer(request.path.split('/')[2] as string, request.body);
      case 'POST /api-keys':
        return createKey(request.body);
      case 'DELETE /api-keys/{id}':
        return revokeKey(id);
      case 'POST /tasks':
        return createTask(request.body);
      case 'GET /tasks':
        return listTasks(request, types);
      case 'GET /tasks/{id}':
        return { body: tasks.get(id) };
      case 'GET /tasks/{id}/events':
        return readEvents(id, request.query);
      case 'GET /tasks/{id}/attempts':
        return { body: { items: [] } };
      case 'POST /tasks/{id}/published':
        return { status: 204 };
      case 'POST /tasks/{id}/cancel':
        return cancelTask(tasks.get(id) as Task);
      case 'POST /tasks/{id}/fail':
        return endTask(tasks.get(id) as Task, request.body as { reason: string });
      case 'POST /tasks/{id}/retry':
        return retryTask(tasks.get(id) as Task);
      default:
        return problem('INTERNAL', `the fake cannot ${route} yet`);
    }
  }

  function noProject(id: string | undefined): Answer {
    const names = projects.filter(({ status }) => status !== 'archived').map(({ name }) => name);
    const choices = nearNames(id ?? '', names);
    return problem('PROJECT_NOT_FOUND', `there is no project ${id}`, choices);
  }

  function listProjects(request: SeenRequest): Answer {
    const query = queryOf(listProjectsQuery, request);
    if ('refusal' in query) return query.refusal;
    const { name, status } = query.data;
    const fits = (one: Project) =>
      (name === undefined || one.name === name) && (status === undefined || one.status === status);
    return pageOf([...projects].reverse().filter(fits), request);
  }

  function listTasks(request: SeenRequest, types: readonly TaskType[]): Answer {
    const query = queryOf(listTasksQuery, request);
    if ('refusal' in query) return query.refusal;
    const { project, type, status, correlation_id } = query.data;
    const projectId = project && projectOf(project)?.id;
    if (project && !projectId) return noProject(project);
    const wanted = Object.entries({ project_id: projectId, type, status, correlation_id });
    const fits = (task: Task) =>
      types.includes(task.type) &&
      wanted.every(([name, value]) => value === undefined || task[name as keyof Task] === value);
    return pageOf([...tasks.values()].reverse().filter(fits).map(withoutSpec), request);
  }

  function projectOf(idOrName: string | undefined): Project | undefined {
    const named = projects.filter(({ id, name }) => id === idOrName || name === idOrName);
    return named.find(({ status }) => status !== 'archived') ?? named[0];
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
    if (!project) return noProject(id);
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
    if (!project) return noProject(id);
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

  /** Names alone: the fake keeps no value. */
  function secretsOf(method: string, id: string, name = ''): Answer {
    const project = projectOf(id);
    if (!project) return noProject(id);
    const names = secrets.get(project.id) ?? new Set<string>();
    secrets.set(project.id, names);
    const shown = (one: string) => {
      return { name: one, reference: `vault:project/${project.id}/${one}`, updated_at: wireNow() };
    };
    if (method === 'GET') return { body: { items: [...names].sort().map(shown) } };
    if (method === 'DELETE') {
      return names.delete(name) ? { status: 204 } : problem('NOT_FOUND', `the project has no secret ${name}`);
    }
    names.add(name);
    return { body: shown(name) };
  }

  function noteService({ path, body }: SeenRequest): Answer {
    const [, , name, instance = ''] = path.split('/');
    const sign = signOfLife.safeParse(body);
    const named = serviceName.safeParse(name);
    if (!sign.success) return unfit(sign.error.issues);
    if (!named.success) return unfit(named.error.issues);
    const noted = aService(named.data, instance, sign.data.version);
    const before = services.findIndex((one) => one.name === name && one.instance === instance);
    services.splice(before < 0 ? services.length : before, before < 0 ? 0 : 1, noted);
    return { body: noted };
  }

  function addUser(body: unknown): Answer {
    const { data, error } = createUser.safeParse(body);
    if (!data) return unfit(error.issues);
    const { name = null, telegram_id = null, is_admin } = data;
    const user = { id: makeId('user'), name, telegram_id, is_admin, created_at: wireNow(), disabled_at: null };
    users.push(user);
    return { status: 201, body: user };
  }

  function setDisabled(id: string, disabled: boolean): Answer {
    const user = users.find((one) => one.id === id);
    if (!user) return problem('NOT_FOUND', `there is no user ${id}`);
    user.disabled_at = disabled ? (user.disabled_at ?? wireNow()) : null;
    return { body: user };
  }

  function setServer(handle: string, body: unknown): Answer {
    const { data, error } = putServer.safeParse(body);
    if (!data) return unfit(error.issues);
    const { dry_run, specs = null, ...given } = data;
    const kind = data.kind ?? servers.find((one) => one.handle === handle)?.kind ?? 'local';
    const server = { handle, ...given, kind, specs, last_health_check: null };
    if (!dry_run) servers.splice(0, servers.length, ...servers.filter((one) => one.handle !== handle), server);
    return { body: server };
  }

  function createKey(body: unknown): Answer {
    const { data, error } = createApiKey.safeParse(body);
    if (!data) return unfit(error.issues);
    const { name, role, expires_at = null } = data;
    const user_id = data.user_id ?? whoami.key.user_id;
    const scopes = expandScopes(data.scopes ?? whoami.key.scopes);
    const unknown = scopes.find((scope) => !isKnownScope(scope));
    if (unknown !== undefined) return problem('VALIDATION_FAILED', `there is no scope ${unknown}`);
    const prefix = randomBytes(4).toString('hex');
    const key = {
      ...whoami.key,
      id: makeId('key'),
      user_id,
      name,
      prefix,
      role,
      scopes,
      expires_at,
      created_at: wireNow(),
    };
    keys.push(key);
    return { status: 201, body: { key, secret: `cgk_${prefix}_${randomBytes(32).toString('base64url')}` } };
  }

  function revokeKey(id: string | undefined): Answer {
    const key = keys.find((one) => one.id === id);
    if (!key) return problem('NOT_FOUND', `there is no API key ${id}`, [keys.at(-1)?.id ?? '']);
    key.revoked_at ??= wireNow();
    return { body: key };
  }

  function cancelTask(task: Task): Answer {
    if (task.status === 'completed' || task.status === 'failed') {
      return problem('TASK_ENDED', `the task is ${task.status} already: there is nothing to cancel`);
    }
    if (task.status !== 'cancelled' && !task.cancel_requested) {
      task.cancel_requested = true;
      fake.emit(task.id, { current_step: 'cancel', message: `${whoami.user.name} asked for its end` });
    }
    return { body: withoutSpec(task) };
  }

  function endTask(task: Task, { reason }: { reason: string }): Answer {
    if (task.finished_at !== null) {
      return problem('TASK_ENDED', `the task is ${task.status} already: there is nothing to end`);
    }
    const ended = { status: 'failed', reason: FAILED_BY_ADMIN, error: reason, finished_at: wireNow() };
    return { body: withoutSpec(Object.assign(task, ended)) };
  }

  function retryTask(task: Task): Answer {
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

  function createTask(body: unknown): Answer {
    const { data, error } = createTaskBody.safeParse(body);
    if (!data) return unfit(error.issues);
    const spec = data.spec ?? '';
    if (data.type === 'deploy' && data.spec != null) return problem('VALIDATION_FAILED', 'a deploy takes no spec');
    if (data.type === 'engineering') {
      if (spec.trim() === '') return problem('SPEC_EMPTY', 'say in spec what is wanted: it is empty');
      if (Buffer.byteLength(spec) > MAX_SPEC_BYTES) return problem('SPEC_TOO_LARGE', 'shorten the spec');
      if (spec.includes('\0')) return problem('VALIDATION_FAILED', 'the spec holds a NUL character');
    }
    const project = projectOf(data.project);
    if (!project) return noProject(data.project);
    if (project.status === 'archived') return problem('PROJECT_ARCHIVED', `${project.name} is archived`);
    const about = data.type === 'deploy' ? aboutDeploy(project, data.anyway) : {};
    if ('status' in about) return about;
    const task = makeTask(project.id, data);
    if (!data.dry_run) tasks.set(task.id, task);
    return { status: data.dry_run ? 200 : 201, body: { ...created(task), ...about } };
  }

  function aboutDeploy({ id, name, main_sha }: Project, anyway = false): Answer | Partial<CreatedTask> {
    const engineering = [...tasks.values()].filter((one) => one.project_id === id && one.type === 'engineering');
    const last = engineering.at(-1);
    if (main_sha === null) {
      const none = `${name} has no code yet`;
      if (!last) return problem('NOTHING_TO_DEPLOY', `${none}: start an engineering task first`);
      const how = last.finished_at ? last.status : `is ${last.status}`;
      return problem('NOTHING_TO_DEPLOY', `${none}: ${last.id} (engineering) ${how}`, [last.id]);
    }
    if (!last || last.status === 'completed') return { commit_sha: main_sha };
    const isBuilt = engineering.some(({ status }) => status === 'completed');
    const text = `${last.id} (engineering) is ${last.status}`;
    if (last.finished_at && !isBuilt && !anyway)
      return problem('NOT_BUILT', `${text}; retry that task, or deploy the template with --anyway`, [last.id]);
    return { commit_sha: main_sha, warnings: [text] };
  }

  async function readEvents(id: string, query: URLSearchParams): Promise<Answer> {
    const parsed = taskEventsQuery.safeParse(Object.fromEntries(query));
    if (!parsed.success) return unfit(parsed.error.issues);
    const { since, wait_ms, limit } = parsed.data;
    const deadline = Date.now() + wait_ms;
    const before = tasks.get(id)?.status;
    for (;;) {
      const task = tasks.get(id);
      if (!task) return problem('TASK_NOT_FOUND', `no task has the id ${id}`);
      const all = events.get(id) ?? [];
      const items = all.filter(({ seq }) => seq > since).slice(0, limit);
      const isOver = task.status !== before || all.some((one) => isTerminalEvent(one) && isOf(task, one));
      const leftMs = deadline - Date.now();
      if (items.length > 0 || leftMs <= 0 || isOver) {
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

/** The bodies that routes take; others take none. */
const bodies: Readonly<Record<string, { shape: object }>> = {
  'POST /projects': createProjectBody,
  'PATCH /projects/{project}': updateProject,
  'PUT /projects/{project}/secrets/{name}': putSecret,
  'PUT /services/{name}/{instance}': signOfLife,
  'POST /users': createUser,
  'PUT /servers/{handle}': putServer,
  'POST /api-keys': createApiKey,
  'POST /tasks': createTaskBody,
  'POST /tasks/{id}/fail': failTask,
  'POST /tasks/{id}/published': { shape: { request_id: true } },
};

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

/** The refusal of what does not fit, field by field. */
function unfit(issues: readonly Issue[]): Answer {
  const errors = issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const { status, body } = problem('VALIDATION_FAILED', `${errors[0]?.path || 'the body'}: ${errors[0]?.message}`);
  return { status: status ?? 400, body: { ...(body as object), errors } };
}

/** Whether an event belongs to the task's present attempt, and that one has ended. */
function isOf({ status, request_id }: Task, event: TaskEvent): boolean {
  return status !== 'queued' && status !== 'running' && event.request_id === request_id;
}

/** An answer with the request's id, as every answer has it; a refusal is a problem document. */
function signed(request: SeenRequest, { status = 200, headers, body }: Answer): Answer {
  const given = request.headers['x-request-id'];
  const requestId = typeof given === 'string' ? given : crypto.randomUUID();
  const all = { 'x-request-id': requestId, ...headers };
  if (status < 400) return { status, headers: all, body };
  const refused = { 'content-type': 'application/problem+json', ...all };
  return { status, headers: refused, body: { ...(body as object), request_id: requestId } };
}

/** What a query says, or why it is refused. */
function queryOf<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: Issue[] } } },
  { query }: SeenRequest,
): { data: T } | { refusal: Answer } {
  const parsed = schema.safeParse(Object.fromEntries(query));
  return parsed.success ? { data: parsed.data } : { refusal: unfit(parsed.error.issues) };
}

/** The route of the access table that a request is for. */
function routeOf({ method, path }: SeenRequest): string | undefined {
  const pattern = (route: string) => new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`);
  return Object.keys(access).find((route) => pattern(route).test(`${method} ${path}`));
}

/** Which keys a query asks for. */
function stateOf(query: URLSearchParams) {
  return ({ revoked_at }: ApiKey) => query.get('state') !== 'valid' || revoked_at === null;
}

function withoutSpec({ spec: _, ...task }: Task): Task {
  return task;
}

/** A page of what is listed newest first; the cursor is the id of the last one seen. */
function pageOf(items: readonly { id: string }[], request: SeenRequest): Answer {
  const query = queryOf(pageQuery, request);
  if ('refusal' in query) return query.refusal;
  const { cursor, limit } = query.data;
  const from = cursor === undefined ? 0 : items.findIndex(({ id }) => id === cursor) + 1;
  const page = items.slice(from, from + limit);
  return { body: { items: page, next_cursor: from + limit < items.length ? (page.at(-1)?.id ?? null) : null } };
}

/** A service as it is shown while it lives. */
function aService(name: ServiceName, instance = 'stack', version = '0.1.0'): Service {
  return { name, instance, version, state: 'alive', seen_at: wireNow() };
}

function makeProject(name: string): Project {
  return {
    id: makeId('proj'),
    name,
    description: null,
    status: 'draft',
    modules: ['backend'],
    repository_url: null,
    repository: null,
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
