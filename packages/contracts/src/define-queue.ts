import type { z } from 'zod';

/** A message schema: an object, or a union of objects told apart by one literal field. */
export type MessageSchema = z.ZodObject | z.ZodDiscriminatedUnion<readonly z.ZodObject[], string>;

/**
 * A stream with its message.
 *
 * `work`: one consumer group, each entry acknowledged and deleted, a dead-letter stream `{stream}:dlq`.
 * `log`: readers keep their own position, entries expire; may be trimmed.
 */
export interface QueueContract<S extends MessageSchema = MessageSchema> {
  /** Stream name; `{…}` marks a parameter, filled in with `streamName`. */
  readonly stream: string;
  readonly kind: 'work' | 'log';
  /** Name of the message model, as the contract vectors know it. */
  readonly model: string;
  readonly message: S;
  /** The one consumer group of a work queue. */
  readonly group?: string;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  /** What the stream is for, in one sentence. */
  readonly summary: string;
  /** Stream that the answers to its messages go to. */
  readonly results?: string;
  /** Streams that older peers still write; read into the same handler. */
  readonly legacyStreams?: readonly string[];
  /** Entries kept in a log, about. */
  readonly maxLength?: number;
  /** Seconds until an idle log expires. */
  readonly expiresSeconds?: number;
}

/** The message a contract's consumers get. */
export type MessageOf<C extends QueueContract> = z.output<C['message']>;
/** What a producer may leave out is filled in on publish. */
export type MessageInput<C extends QueueContract> = z.input<C['message']>;

/** Declares a queue. A work queue needs its group. */
export function defineQueue<S extends MessageSchema>(contract: QueueContract<S>): QueueContract<S> {
  if (contract.kind === 'work' && !contract.group) throw new TypeError(`queue ${contract.stream} needs a group`);
  return Object.freeze(contract);
}

/** The stream's name with its parameters filled in. Throws where one is missing or not a plain identifier. */
export function streamName(contract: QueueContract, params: Record<string, string> = {}): string {
  if (!contract.stream.includes('{')) return contract.stream;
  return contract.stream.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`stream ${contract.stream} needs ${name}`);
    if (!/^[\w.-]{1,200}$/.test(value)) throw new TypeError(`stream ${contract.stream}: ${name} is not an identifier`);
    return value;
  });
}

/** The dead-letter stream of a work queue. */
export function deadLetterStream(stream: string): string {
  return `${stream}:dlq`;
}
