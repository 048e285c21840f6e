import type { Orchestrator, QueueEntry } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { withNext } from '../kit/errors.js';

export interface TailRequest {
  since: string | undefined;
  /** Ends after so many messages. */
  limit: number | undefined;
  /** Ends after so many milliseconds. */
  timeoutMs: number | undefined;
  signal: AbortSignal;
  /** Awaited, so that a slow reader slows the reading down. */
  print(entry: QueueEntry): Promise<void>;
  /** Told when Redis stops answering. */
  lost(): void;
}

/** What a tail came to. */
export interface Tailed {
  stream: string;
  messages: number;
  /** Of the last message; null where there was none. */
  last_seq: string | null;
  ended_by: 'limit' | 'timeout';
}

/** Prints a queue's messages until a limit is reached. @throws OrchestratorError when it stops early, with the command to go on */
export async function tailQueue(client: Orchestrator, stream: string, request: TailRequest): Promise<Tailed> {
  const { since, limit, timeoutMs, signal, print, lost } = request;
  const overdue = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => overdue.abort(), timeoutMs);
  let messages = 0;
  let lastSeq: string | undefined;
  const told = (ended_by: Tailed['ended_by']) => ({ stream, messages, last_seq: lastSeq ?? null, ended_by });
  try {
    const ending = AbortSignal.any([signal, overdue.signal]);
    for await (const entry of client.queues.tail(stream, { since, signal: ending, onInterruption: lost })) {
      messages += 1;
      lastSeq = entry.seq;
      await print(entry);
      if (messages === limit) break;
    }
    return told('limit');
  } catch (error) {
    if (overdue.signal.aborted && !signal.aborted) return told('timeout');
    const position = lastSeq ?? since;
    if (!isOrchestratorError(error) || position === undefined || error.exitCode === 2) throw error;
    const next = {
      command: paste`orchestrator queue tail ${stream} --since ${position}`,
      when: 'to go on where this stopped',
    };
    throw withNext(error, [next], { stream, messages, last_seq: lastSeq ?? null });
  } finally {
    clearTimeout(timer);
  }
}
