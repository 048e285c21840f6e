import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_RESPOND_BYTES, type RespondRefusal, type RespondReply } from '@codegen/sdk';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { removeTree } from '@codegen/sdk/files';

/** The socket through which an agent sends messages to its user during a turn. */
export interface RespondSocket {
  readonly path: string;
  /** Stops listening; resolves when all messages are delivered or have failed. */
  close(): Promise<void>;
}

export interface RespondSocketOptions {
  /** The worker's folder. */
  readonly folder: string;
  readonly requestId: string;
  /** Delivers a text; resolves when Redis has it. Called sequentially, in the order of the texts. */
  readonly deliver: (text: string) => Promise<'user' | 'progress'>;
  /** Maximum messages per minute; default 30. */
  readonly perMinute?: number;
}

/** Kernels limit the length of a socket's path. */
const MAX_PATH = 100;
const MINUTE_MS = 60_000;
/** JSON may need six bytes for one. */
const MAX_LINE = 8 * MOST_RESPOND_BYTES;
/** Milliseconds that a client has to send its line. */
const LINE_MS = 5000;
/** Milliseconds that the end of a turn waits for pending messages; publishing fails sooner. */
const DRAIN_MS = 6000;
/** Milliseconds that a client has to read the answer and close. */
const LINGER_MS = 200;
const MAX_CONNECTIONS = 16;

/** Listens during one turn, for this user account only. Each connection sends one line of JSON and gets one line. */
export async function openRespondSocket(options: RespondSocketOptions): Promise<RespondSocket> {
  const path = await socketPath(options.folder);
  const limit = new RateLimit(options.perMinute ?? 30);
  const open = new Set<Socket>();
  let last: Promise<unknown> = Promise.resolve();
  const handle = async (socket: Socket) => {
    let reply: RespondReply;
    try {
      const text = await readText(socket);
      const waitMs = limit.take();
      if (waitMs > 0) {
        reply = { ...refused('RATE_LIMITED', 'too many messages in one minute'), retry_after_ms: waitMs };
      } else {
        const mine = last.then(() => options.deliver(text));
        last = mine.catch(() => undefined);
        reply = { ok: true, delivered: await mine, request_id: options.requestId };
      }
    } catch (error) {
      reply = refusalOf(error);
    }
    if (socket.destroyed) return;
    // Ignore further input and close, or idle clients would use up all connections.
    socket.removeAllListeners('data').resume();
    socket.end(`${JSON.stringify(reply)}\n`);
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
  // A client may close its half before it is answered.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    void handle(socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    // Later errors, such as too many open files, concern one connection.
    server.on('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    path,
    close: async () => {
      server.close();
      await Promise.race([last, sleep(DRAIN_MS, undefined, { ref: false })]);
      // Let the answers be written.
      await new Promise((resolve) => setImmediate(resolve));
      for (const socket of open) socket.destroySoon();
      // If this fails, the next turn removes it.
      await removeTree(dirname(path)).catch(() => undefined);
    },
  };
}

/** Counts messages within the last minute. */
class RateLimit {
  readonly #atMs: number[] = [];

  constructor(readonly most: number) {}

  /** Takes one slot and returns 0, or returns the milliseconds until the next slot is free. */
  take(nowMs = performance.now()): number {
    while (this.#atMs.length > 0 && nowMs - (this.#atMs[0] as number) >= MINUTE_MS) this.#atMs.shift();
    if (this.#atMs.length >= this.most) return Math.ceil(MINUTE_MS - (nowMs - (this.#atMs[0] as number)));
    this.#atMs.push(nowMs);
    return 0;
  }
}

async function readText(socket: Socket): Promise<string> {
  const text = textOf(await readLine(socket));
  if (text === undefined) throw refused('VALIDATION_FAILED', 'expected one line of JSON: {"text": "…"}');
  if (text.trim() === '') throw refused('VALIDATION_FAILED', 'the text is empty');
  if (Buffer.byteLength(text) > MOST_RESPOND_BYTES) {
    throw refused('VALIDATION_FAILED', `the text exceeds ${MOST_RESPOND_BYTES} bytes: send it in parts`);
  }
  return text;
}

/** The first line, or all input if the client closes without a line break. */
function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8');
    // Not an idle timeout: a slow client could then block a connection for the whole turn.
    const late = setTimeout(
      () => reject(refused('VALIDATION_FAILED', 'timed out waiting for a complete line')),
      LINE_MS,
    );
    socket.once('close', () => {
      clearTimeout(late);
      resolve(received);
    });
    socket.once('end', () => resolve(received));
    socket.on('data', (chunk: string) => {
      const end = chunk.indexOf('\n');
      received += end >= 0 ? chunk.slice(0, end) : chunk;
      if (end >= 0) resolve(received);
      else if (received.length > MAX_LINE) reject(refused('VALIDATION_FAILED', 'the line is too long'));
    });
  });
}

function textOf(line: string): string | undefined {
  try {
    const { text } = JSON.parse(line) as { text?: unknown };
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Rejects a message without a recipient. */
export class NoRecipientError extends Error {}

function refusalOf(error: unknown): RespondRefusal {
  if (typeof error === 'object' && error !== null && 'ok' in error) return error as RespondRefusal;
  if (error instanceof NoRecipientError) return refused('CONFLICT', error.message);
  if (isOrchestratorError(error) && error.retryable) {
    return refused('REDIS_UNAVAILABLE', 'cannot deliver the message now: try again in a moment');
  }
  return refused('INTERNAL', 'cannot deliver the message');
}

function refused(code: RespondRefusal['code'], message: string): RespondRefusal {
  return { ok: false, code, message };
}

async function socketPath(workerFolder: string): Promise<string> {
  const own = join(workerFolder, 'run', 'respond.sock');
  const folder = own.length <= MAX_PATH ? dirname(own) : await mkdtemp(join(tmpdir(), 'codegen-worker-'));
  // Left behind by a wrapper that was killed.
  if (own.length <= MAX_PATH) await removeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'respond.sock');
}
