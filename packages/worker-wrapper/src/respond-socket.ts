import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_RESPOND_BYTES, type RespondRefusal, type RespondReply } from '@codegen/sdk';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { removeTree } from '@codegen/sdk/files';

/** Where an agent may say something to its user while its turn lasts. */
export interface RespondSocket {
  readonly path: string;
  /** Stops listening; resolves when what was said is delivered, or has failed. */
  close(): Promise<void>;
}

export interface RespondSocketOptions {
  /** The worker's own folder. */
  readonly folder: string;
  readonly requestId: string;
  /** Passes a text on; resolves when Redis has it. Called one at a time, in the order of the texts. */
  readonly deliver: (text: string) => Promise<'user' | 'progress'>;
  /** Messages within a minute; 30 by default. */
  readonly perMinute?: number;
}

/** A kernel takes no longer path for a socket. */
const MAX_PATH = 100;
const MINUTE_MS = 60_000;
/** JSON may take six bytes for one. */
const MAX_LINE = 8 * MOST_RESPOND_BYTES;
/** Milliseconds that a connection has for its line. */
const LINE_MS = 5000;
/** Milliseconds that the end of a turn waits for what was said; a publication fails sooner. */
const DRAIN_MS = 6000;
/** Milliseconds that the other side has to read its answer and hang up. */
const LINGER_MS = 200;
const MAX_CONNECTIONS = 16;

/** Listens for one turn, for this account alone: one line of JSON in, one line out, for each connection. */
export async function openRespondSocket(options: RespondSocketOptions): Promise<RespondSocket> {
  const path = await socketPath(options.folder);
  const said = new Allowance(options.perMinute ?? 30);
  const open = new Set<Socket>();
  let last: Promise<unknown> = Promise.resolve();
  const handle = async (socket: Socket) => {
    let reply: RespondReply;
    try {
      const text = await readText(socket);
      const waitMs = said.take();
      if (waitMs > 0) {
        reply = { ...refused('RATE_LIMITED', 'too many messages within a minute'), retry_after_ms: waitMs };
      } else {
        const mine = last.then(() => options.deliver(text));
        last = mine.catch(() => undefined);
        reply = { ok: true, delivered: await mine, request_id: options.requestId };
      }
    } catch (error) {
      reply = refusalOf(error);
    }
    if (socket.destroyed) return;
    // Nothing more is of interest, and who does not hang up would take the place of others.
    socket.removeAllListeners('data').resume();
    socket.end(`${JSON.stringify(reply)}\n`);
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
  // The other side may end its half before it is answered.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    void handle(socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    // Later ones, such as too many open files, concern one connection.
    server.on('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    path,
    close: async () => {
      server.close();
      await Promise.race([last, sleep(DRAIN_MS, undefined, { ref: false })]);
      // The answers are on their way.
      await new Promise((resolve) => setImmediate(resolve));
      for (const socket of open) socket.destroySoon();
      // What stays is cleared away before the next turn.
      await removeTree(dirname(path)).catch(() => undefined);
    },
  };
}

/** Counts messages within the last minute. */
class Allowance {
  readonly #atMs: number[] = [];

  constructor(readonly most: number) {}

  /** Takes one; milliseconds until the next is free, 0 where this one was. */
  take(nowMs = performance.now()): number {
    while (this.#atMs.length > 0 && nowMs - (this.#atMs[0] as number) >= MINUTE_MS) this.#atMs.shift();
    if (this.#atMs.length >= this.most) return Math.ceil(MINUTE_MS - (nowMs - (this.#atMs[0] as number)));
    this.#atMs.push(nowMs);
    return 0;
  }
}

async function readText(socket: Socket): Promise<string> {
  const text = textOf(await readLine(socket));
  if (text === undefined) throw refused('VALIDATION_FAILED', 'one line of JSON is expected: {"text": "…"}');
  if (text.trim() === '') throw refused('VALIDATION_FAILED', 'the text is empty');
  if (Buffer.byteLength(text) > MOST_RESPOND_BYTES) {
    throw refused('VALIDATION_FAILED', `the text has over ${MOST_RESPOND_BYTES} bytes: say it in parts`);
  }
  return text;
}

/** The first line; what was received until the other side ended, where it gave none. */
function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8');
    // Not an idle time: a byte now and then would keep the place of others for the whole turn.
    const late = setTimeout(() => reject(refused('VALIDATION_FAILED', 'no whole line came in time')), LINE_MS);
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

/** The refusal of what nobody would hear. */
export class NobodyListensError extends Error {}

function refusalOf(error: unknown): RespondRefusal {
  if (typeof error === 'object' && error !== null && 'ok' in error) return error as RespondRefusal;
  if (error instanceof NobodyListensError) return refused('CONFLICT', error.message);
  if (isOrchestratorError(error) && error.retryable) {
    return refused('REDIS_UNAVAILABLE', 'the message cannot be delivered now: say it again in a moment');
  }
  return refused('INTERNAL', 'the message could not be delivered');
}

function refused(code: RespondRefusal['code'], message: string): RespondRefusal {
  return { ok: false, code, message };
}

async function socketPath(workerFolder: string): Promise<string> {
  const own = join(workerFolder, 'run', 'respond.sock');
  const folder = own.length <= MAX_PATH ? dirname(own) : await mkdtemp(join(tmpdir(), 'codegen-worker-'));
  // What an earlier turn left behind, had its wrapper been killed.
  if (own.length <= MAX_PATH) await removeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'respond.sock');
}
