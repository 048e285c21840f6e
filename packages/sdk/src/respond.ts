import { abortable } from './abortable.js';
import { type ErrorCode, OrchestratorError } from './errors.js';

/** The variable that tells an agent, for the length of a turn, where its worker listens. */
export const RESPOND_SOCKET = 'ORCHESTRATOR_RESPOND_SOCKET';
/** Bytes of text that one message may have. */
export const MOST_RESPOND_BYTES = 16 * 1024;

/** What became of a message to the user. */
export interface Responded {
  /** `user`: it is on its way to the person; `progress`: it is an event of the task, for whoever follows that. */
  delivered: 'user' | 'progress';
  /** The turn that it belongs to. */
  request_id: string;
}

/** What the worker answers: one line of JSON for one line of JSON. */
export type RespondReply = ({ ok: true } & Responded) | RespondRefusal;

export interface RespondRefusal {
  ok: false;
  code: 'VALIDATION_FAILED' | 'CONFLICT' | 'RATE_LIMITED' | 'REDIS_UNAVAILABLE' | 'INTERNAL';
  message: string;
  retry_after_ms?: number;
}

/** Milliseconds that the worker gets; it gives up on Redis sooner. */
const REPLY_MS = 15_000;

/**
 * Says something to the user, from inside a worker's turn. Resolves when Redis has it.
 * @throws OrchestratorError VALIDATION_FAILED for no text or too much, CONFLICT where the turn is over, RATE_LIMITED,
 *   REDIS_UNAVAILABLE, TIMEOUT; in these three it may be said again
 */
export async function respond(
  text: string,
  { socketPath, signal }: { socketPath: string; signal?: AbortSignal | undefined },
): Promise<Responded> {
  if (text.trim() === '')
    throw new OrchestratorError('VALIDATION_FAILED', 'there is nothing to say: the text is empty');
  if (Buffer.byteLength(text) > MOST_RESPOND_BYTES) {
    throw new OrchestratorError('VALIDATION_FAILED', `the text has over ${MOST_RESPOND_BYTES} bytes: say it in parts`);
  }
  signal?.throwIfAborted();
  const { createConnection } = await import('node:net');
  const socket = createConnection({ path: socketPath });
  try {
    const reply = new Promise<string>((resolve, reject) => {
      let received = '';
      socket.setTimeout(REPLY_MS, () => reject(new OrchestratorError('TIMEOUT', 'the worker does not answer')));
      socket.setEncoding('utf8');
      socket.once('connect', () => socket.write(`${JSON.stringify({ text })}\n`));
      socket.on('data', (chunk: string) => {
        received += chunk;
        if (received.includes('\n')) resolve(received);
      });
      socket.once('error', (error) => reject(turnOver(error)));
      socket.once('close', () => reject(turnOver()));
    });
    return read(await abortable(reply, signal));
  } finally {
    socket.destroy();
  }
}

function read(line: string): Responded {
  const reply = JSON.parse(line) as RespondReply;
  if (reply.ok) return { delivered: reply.delivered, request_id: reply.request_id };
  const retryAfterMs = reply.retry_after_ms;
  throw new OrchestratorError(
    reply.code as ErrorCode,
    reply.message,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

function turnOver(cause?: Error): OrchestratorError {
  const text = 'the worker does not listen any more: the turn that this belongs to is over';
  return new OrchestratorError('CONFLICT', text, cause ? { cause } : {});
}
