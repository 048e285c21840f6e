import type { IncomingMessage, RequestOptions } from 'node:http';

/** What this package asks of an HTTP client. The platform's `fetch` is one. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>;

/** A request as a client gets it. */
export interface FetchRequest {
  method: string;
  headers: Record<string, string>;
  body?: string;
  /** Redirects are answers: a followed one would turn POST into GET. */
  redirect: 'manual';
  /** Ends connecting, sending and reading alike. */
  signal: AbortSignal;
}

/** What a client answers, before its body is read. */
export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The whole body; rejects where it breaks off. */
  text(): Promise<string>;
}

/**
 * Goes straight to the server, by Node's own client: it loads in a fraction of the time of the platform's `fetch`, and an
 * abort while connecting closes the socket, which `fetch` would keep for another ten seconds.
 */
export function directFetch(url: string, request: FetchRequest): Promise<FetchResponse> {
  return responseTo(new URL(url), request);
}

/** One request by Node's own client, on a pooled connection or one that `options` make. */
export async function responseTo(
  url: URL,
  { method, headers, body, signal }: FetchRequest,
  options: Pick<RequestOptions, 'createConnection'> = {},
): Promise<FetchResponse> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, method, headers: { ...headers, ...length }, signal });
    outgoing.once('response', (incoming) => resolve(responseOf(incoming)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function responseOf(incoming: IncomingMessage): FetchResponse {
  const status = incoming.statusCode ?? 0;
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: {
      get: (name) => {
        const value = incoming.headers[name];
        return value === undefined ? null : String(value);
      },
    },
    text: () => textOf(incoming),
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let text = '';
  for await (const chunk of incoming) text += chunk as string;
  return text;
}
