import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SecretsApi {
  readonly url: string;
  /** What every reference stands for. */
  values: Record<string, string>;
  /** Answer with this status instead. */
  refuse: { status: number; code: string } | undefined;
  /** The status of a task, each time it is asked for; there is none by default. */
  taskStatus: (() => string) | undefined;
  readonly requests: { reference: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

/** The two calls of the API that deploys need, over real HTTP. */
export async function startSecretsApi(): Promise<SecretsApi> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    if (request.method === 'GET') {
      const found = api.taskStatus !== undefined;
      response.statusCode = found ? 200 : 404;
      response.setHeader('content-type', found ? 'application/json' : 'application/problem+json');
      const problem = {
        type: 'about:blank',
        title: 'Not found',
        status: 404,
        detail: 'no task',
        code: 'TASK_NOT_FOUND',
      };
      response.end(JSON.stringify(found ? { ...someTask, status: api.taskStatus?.() } : problem));
      return;
    }
    const { reference } = JSON.parse(text);
    api.requests.push({ reference, authorization: request.headers.authorization });
    response.setHeader('content-type', api.refuse ? 'application/problem+json' : 'application/json');
    response.statusCode = api.refuse?.status ?? 200;
    const refusal = { type: 'about:blank', title: 'Refused', detail: 'not for you', ...api.refuse };
    response.end(JSON.stringify(api.refuse ? refusal : { values: api.values }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api: SecretsApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    values: {},
    taskStatus: undefined,
    refuse: undefined,
    requests: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}

const now = '2026-01-01T00:00:00.000Z';
const nothing = { reason: null, result: null, error: null, started_at: now, finished_at: null };
const someTask = {
  ...{ id: 'task_1', project_id: 'proj_1', type: 'deploy', attempt: 1, epoch: 1, cancel_requested: false },
  ...{ request_id: 'r', correlation_id: 'c', created_at: now, updated_at: now },
  ...nothing,
};
