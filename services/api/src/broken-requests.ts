import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.js';

const STATUS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const DETAIL: Record<number, string> = {
  408: 'the request did not arrive in time: send it again',
  431: 'the head of the request is larger than 16 KiB: send fewer or shorter headers',
};

/** Answers what Node's parser refuses: it becomes no request, and no handler sees it. */
export function answerBroken(error: NodeJS.ErrnoException & { reason?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = STATUS[error.code ?? ''] ?? 400;
  const detail = DETAIL[status] ?? `this is no HTTP request that can be read: ${error.reason ?? error.message}`;
  const { headers, body } = answerOf(detail, status);
  const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  socket.destroySoon();
}

/** Refuses what Node itself would refuse without a word: another expectation than 100-continue, and no Host. */
export function refuseIncomplete(app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { headers, body } = answerOf('the only Expect that is met is 100-continue: leave the header out', 417);
    response.writeHead(417, headers).end(body);
  });
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return;
    throw new ApiError('VALIDATION_FAILED', 'the request names no Host: HTTP/1.1 needs the header');
  });
}

function answerOf(detail: string, status: number) {
  const id = randomUUID();
  const body = JSON.stringify(new ApiError('VALIDATION_FAILED', detail, { status }).toProblem(id));
  const headers = {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': id,
  };
  return { headers, body };
}
