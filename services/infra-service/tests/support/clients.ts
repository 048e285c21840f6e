import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface GetOptions {
  readonly agent?: Agent | false;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request to a port of this machine. */
export function get(port: number, path: string, options: GetOptions = {}): Promise<Answer> {
  const { agent = false, method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export interface PollOptions extends Omit<GetOptions, 'agent'> {
  readonly clients: number;
  readonly everyMs?: number;
  readonly keepAlive: boolean;
}

export interface Polling {
  /** What went wrong, if anything. */
  readonly errors: string[];
  /** Bodies, in order. */
  readonly answers: string[];
  stop(): Promise<void>;
}

/** Clients that each ask again as soon as they were answered, or after a pause. */
export function poll(
  port: number,
  path: string,
  { clients, everyMs = 0, keepAlive, ...options }: PollOptions,
): Polling {
  const errors: string[] = [];
  const answers: string[] = [];
  let stopped = false;
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: clients }) : false;
  const one = async () => {
    while (!stopped) {
      try {
        const { status, body } = await get(port, path, { ...options, agent });
        if (status !== 200) errors.push(`${status} ${body}`);
        answers.push(body);
      } catch (error) {
        errors.push(String(error));
      }
      if (everyMs > 0) await sleep(everyMs);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, one));
  return {
    errors,
    answers,
    stop: async () => {
      stopped = true;
      await running;
      if (agent) agent.destroy();
    },
  };
}
