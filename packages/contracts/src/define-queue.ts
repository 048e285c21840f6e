import type { z } from 'zod';

/** A message schema: an object, or a union of objects that one literal field distinguishes. */
export type MessageSchema = z.ZodObject | z.ZodDiscriminatedUnion<readonly z.ZodObject[], string>;

/**
 * A stream and its message.
 *
 * `work`: one consumer group; entries are acknowledged and deleted; dead letters go to `{stream}:dlq`.
 * `log`: each reader keeps its own position; entries expire and may be trimmed.
 */
export interface QueueContract<S extends MessageSchema = MessageSchema> {
  /** Stream name; `{…}` marks a parameter, filled in with `streamName`. */
  readonly stream: string;
  readonly kind: 'work' | 'log';
  /** Name of the message model in `models`. */
  readonly model: string;
  readonly message: S;
  /** The one consumer group of a work queue. */
  readonly group?: string;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  /** What the stream is for, in one sentence. */
  readonly summary: string;
  /** Stream for the answers to its messages. */
  readonly results?: string;
  /** Streams that older peers still write to; the same handler reads them. */
  readonly legacyStreams?: readonly string[];
  /** Approximate number of entries kept in a log. */
  readonly maxLength?: number;
  /** Seconds until an idle log expires. */
  readonly expiresSeconds?: number;
}

/** The message that consumers receive. */
export type MessageOf<C extends QueueContract> = z.output<C['message']>;
/** The message that producers pass; publishing fills in the defaults. */
export type MessageInput<C extends QueueContract> = z.input<C['message']>;

/** Declares a queue. @throws {TypeError} if a work queue has no group */
export function defineQueue<S extends MessageSchema>(contract: QueueContract<S>): QueueContract<S> {
  if (contract.kind === 'work' && !contract.group)
    throw new TypeError(`work queue ${contract.stream} needs a consumer group`);
  return Object.freeze(contract);
}

/** The stream's name with its parameters filled in. @throws {TypeError} if one is missing or not a plain identifier */
export function streamName(contract: QueueContract, params: Record<string, string> = {}): string {
  if (!contract.stream.includes('{')) return contract.stream;
  return contract.stream.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`stream ${contract.stream} needs the parameter ${name}`);
    if (!/^[\w.-]{1,200}$/.test(value)) throw new TypeError(`stream ${contract.stream}: ${name} is not an identifier`);
    return value;
  });
}

/** Name of a work queue's dead-letter stream. */
export function deadLetterStream(stream: string): string {
  return `${stream}:dlq`;
}
