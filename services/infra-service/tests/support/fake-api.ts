import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Allocation, makeId, type Project, type ServiceDeployment, type Task } from '@codegen/contracts';

export interface FakeApi {
  readonly url: string;
  readonly projects: Project[];
  readonly allocations: Allocation[];
  readonly tasks: Task[];
  /** What it says runs now. */
  readonly deployments: ServiceDeployment[];
  /** The status of a task, each time it is asked for; what it was added with by default. */
  taskStatus: (() => Task['status']) | undefined;
  /** What every reference stands for. */
  values: Record<string, string>;
  /** Answer with this status instead where secrets are asked for. */
  refuse: { status: number; code: string } | undefined;
  /** Answer 503 to everything. */
  away: boolean;
  /** What secrets were asked for. */
  readonly requests: { reference: string; authorization: string | undefined }[];
  /** Calls that were answered 503. */
  missed: number;
  /** Makes a project known, with a repository and a port. */
  addProject(id: string, port: number): Project;
  addTask(id: string, fields: Partial<Task>): Task;
  stop(): Promise<void>;
}

/** The calls of the API that deploys need, over real HTTP. Like the real one, it finds projects by name too. */
export async function startFakeApi(): Promise<FakeApi> {
  const times = { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' };
  const findProject = (wanted = '') => api.projects.find(({ id, name }) => id === wanted || name === wanted);
  const find = (path: string): unknown => {
    const [, kind, wanted = '', more] = path.split('/');
    if (kind?.startsWith('deployments')) return { items: api.deployments, next_cursor: null };
    if (kind === 'tasks') {
      const task = api.tasks.find(({ id }) => id === wanted);
      return task && { ...task, status: api.taskStatus?.() ?? task.status };
    }
    const project = findProject(wanted);
    if (more !== 'allocations' || !project) return project;
    return { items: api.allocations.filter((one) => one.project_id === project.id) };
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer = (status: number, body: object) => {
      response.setHeader('content-type', status < 400 ? 'application/json' : 'application/problem+json');
      response.statusCode = status;
      response.end(JSON.stringify(body));
    };
    const problem = (status: number, code: string, detail: string) =>
      answer(status, { type: 'about:blank', title: 'Refused', status, code, detail });
    if (api.away) {
      api.missed += 1;
      return problem(503, 'API_UNAVAILABLE', 'away');
    }
    if (request.method === 'GET') {
      const found = find(request.url ?? '');
      return found ? answer(200, found) : problem(404, 'NOT_FOUND', 'not there');
    }
    const { reference } = JSON.parse(text);
    api.requests.push({ reference, authorization: request.headers.authorization });
    if (api.refuse) return problem(api.refuse.status, api.refuse.code, 'not for you');
    return answer(200, { values: api.values });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api: FakeApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    projects: [],
    allocations: [],
    tasks: [],
    deployments: [],
    taskStatus: undefined,
    values: {},
    refuse: undefined,
    away: false,
    requests: [],
    missed: 0,
    addProject: (id, port) => {
      const project: Project = {
        ...{ id, name: `name-of-${id.replace(/\W|_/g, '-').toLowerCase()}`, description: null, status: 'deploying' },
        ...{ modules: ['backend'], repository_url: `file:///repos/elsewhere/${id}.git`, owner_id: 'user_1' },
        repository: { full_name: `local/${id}`, clone_url: `local/${id}.git`, credential_ref: 'none:' },
        ...{ main_sha: null, manifest: null, ...times },
      };
      const at = { server_handle: 'local', server_kind: 'local', server_ip: '127.0.0.1', service: 'backend', port };
      api.projects.push(project);
      api.allocations.push({ id: makeId('alloc'), project_id: id, ...at });
      return project;
    },
    addTask: (id, fields) => {
      const task: Task = {
        ...{ id, project_id: 'proj_1', type: 'deploy', status: 'running', reason: null, spec: null, result: null },
        ...{ error: null, attempt: 1, epoch: 1, cancel_requested: false, request_id: 'r', correlation_id: 'c' },
        ...{ started_at: null, finished_at: null, ...times, ...fields },
      };
      api.tasks.push(task);
      return task;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}
