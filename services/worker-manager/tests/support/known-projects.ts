import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const known = ['proj_1', 'proj_2'].map((id) => ({
  ...{
    id,
    name: id.replace('_', '-'),
    description: null,
    status: 'developing',
    modules: ['backend'],
    owner_id: 'user_1',
  },
  ...{ repository_url: `file:///repos/${id}`, main_sha: null, manifest: null },
  repository: { full_name: `local/${id}`, clone_url: `local/${id}.git`, credential_ref: 'none:' },
  ...{ created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' },
}));

/** What the API says of `/projects…`: of two that there are; undefined where it has nothing to say. */
export function answerOfProjects(url = ''): object | undefined {
  const { pathname, searchParams } = new URL(url, 'http://api');
  const [, kind, id] = pathname.split('/');
  if (kind !== 'projects') return undefined;
  if (id !== undefined) return known.find((one) => one.id === decodeURIComponent(id));
  const wanted = searchParams.get('repository');
  return { items: known.filter(({ repository }) => repository.full_name === wanted), next_cursor: null };
}

/** An API that knows these projects and nothing else. */
export async function startProjectsApi() {
  const server = createServer((request, response) => {
    const answer = answerOfProjects(request.url);
    const problem = { type: 'about:blank', title: 'No', status: 404, code: 'NOT_FOUND', detail: 'not there' };
    response.setHeader('content-type', answer ? 'application/json' : 'application/problem+json');
    response.statusCode = answer ? 200 : 404;
    response.end(JSON.stringify(answer ?? problem));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
