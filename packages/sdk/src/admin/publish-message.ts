import { fromFlatFields, type MessageInput, type QueueContract, readDocument } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';
import { encoded, publish } from '../queue/publish.js';
import type { QueueStore } from '../queue/store.js';
import { type FoundQueue, findQueue } from './find-queue.js';
import { checkSameCall, KEY_WINDOW_MS, requestIdFor } from './idempotency-key.js';
import { redactMessage } from './queue-entry.js';

export interface PublishMessageOptions {
  /** Fields given as text, which win over the message's: strings as they are, the rest as JSON. */
  fields?: Record<string, string> | undefined;
  /** Makes a repeated call the same message, for a day: the `request_id` follows from it. A log has none. */
  idempotencyKey?: string | undefined;
  /** Only checks the message. */
  dryRun?: boolean | undefined;
}

/** What became of a message. */
export interface PublishedMessage {
  stream: string;
  /** The entry's id; null where nothing was added, as in a dry run. */
  entry_id: string | null;
  /** Whether an earlier call had added it: `entry_id` is that of then. */
  duplicate: boolean;
  dry_run: boolean;
  /** What the message is known by, for a day; null where its queue does not tell messages apart, and any key is of no use. */
  request_id: string | null;
  /** The message with every default. */
  message: Record<string, unknown>;
  /** Fields that the contract does not know; they were left out. */
  ignored_fields: string[];
}

/** Checks a message against the contract of a queue and adds it. */
export async function publishMessage(
  openStore: () => Promise<QueueStore>,
  name: string,
  document: unknown,
  { fields = {}, idempotencyKey, dryRun = false }: PublishMessageOptions = {},
): Promise<PublishedMessage> {
  const queue = findQueue(name);
  const { contract, stream } = queue;
  const input = checked(queue, withFields(contract, document, fields));
  const keyed = idempotencyKey !== undefined && takesRequestId(contract);
  if (keyed) input.request_id ??= requestIdFor(stream, idempotencyKey);
  const { message: complete } = encoded(contract, input as MessageInput<QueueContract>);
  const about = {
    stream,
    dry_run: dryRun,
    request_id: takesRequestId(contract) ? String(complete.request_id) : null,
    message: redactMessage(complete) as Record<string, unknown>,
    ignored_fields: Object.keys(input).filter((field) => !(field in complete) && field !== 'agent_id'),
  };
  if (dryRun) return { ...about, entry_id: null, duplicate: false };
  const store = await openStore();
  if (keyed) await checkSameCall(store, String(complete.request_id), input);
  const dedupe = takesRequestId(contract) ? { windowMs: KEY_WINDOW_MS } : undefined;
  const { entryId, duplicate = false } = await publish(store, contract, complete as MessageInput<QueueContract>, {
    stream,
    ...(dedupe && { dedupe }),
  });
  return { ...about, entry_id: entryId, duplicate };
}

/** Whether messages of a queue are told apart by a request id that their producer chooses. */
function takesRequestId(contract: QueueContract): boolean {
  if (contract.kind !== 'work') return false;
  const { message } = contract;
  const options = 'options' in message ? message.options : [message];
  // A request id that may be null names a turn or a message, not the entry itself.
  return options.every(({ shape }) => shape.request_id && !shape.request_id.safeParse(null).success);
}

function withFields(contract: QueueContract, document: unknown, fields: Record<string, string>): unknown {
  if (Object.keys(fields).length === 0) return document;
  const base = typeof document === 'object' && document !== null ? document : {};
  const command = (base as { command?: unknown }).command;
  // What tells the messages of a union apart may stand in either.
  const asked = typeof command === 'string' ? { command, ...fields } : fields;
  return { ...base, ...fromFlatFields(contract.message, asked) };
}

function checked({ contract }: FoundQueue, document: unknown): Record<string, unknown> {
  // A request id is given later, where the contract wants one and a key stands for it.
  const given = typeof document === 'object' && document !== null ? document : {};
  const asked = 'request_id' in given ? document : withPlaceholder(contract, document);
  const read = readDocument(contract.message, asked);
  if (read.ok) return { ...(document as Record<string, unknown>) };
  const text = read.issues.map(({ path, message }) => `${path || 'message'}: ${message}`).join('; ');
  throw new OrchestratorError('VALIDATION_FAILED', `this is no ${contract.model}: ${text}`, { details: read.issues });
}

function withPlaceholder(contract: QueueContract, document: unknown): unknown {
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  return isObject && takesRequestId(contract) ? { request_id: 'to be given', ...document } : document;
}
