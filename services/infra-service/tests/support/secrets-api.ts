import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SecretsApi {
  readonly url: string;
  /** What every reference stands for. */
  values: Record<string, string>;
  /** Answer with this status instead. */
  refuse: { status: number; code: string } | undefined;
  readonly requests: { reference: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

/** The one call of the API that deploys need, over real HTTP. */
export async function startSecretsApi(): Promise<SecretsApi> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
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
    refuse: undefined,
    requests: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}
