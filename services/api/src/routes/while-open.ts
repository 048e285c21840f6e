import type { FastifyReply } from 'fastify';

/** Does the work of a long poll; the signal is aborted once nobody waits for the answer any more, or the API stops. */
export async function whileOpen<T>(
  { raw }: FastifyReply,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: on Node 20 its signals stay in memory as long as the source does.
  const ended = new AbortController();
  const end = () => ended.abort();
  raw.once('close', end);
  stopping.addEventListener('abort', end);
  if (stopping.aborted) end();
  try {
    return await work(ended.signal);
  } finally {
    stopping.removeEventListener('abort', end);
  }
}
