import { z } from 'zod';
import { deadLetterStream, type QueueContract } from '../define-queue.js';
import { models, queues } from '../registry.js';
import { type JsonSchema, sharedSchemasOf } from './json-schema.js';

/** Example messages by stream. */
export type Examples = Readonly<Record<string, readonly object[]>>;

const INFO = `Messages that the services of the codegen orchestrator exchange over Redis.

Every channel is a Redis Stream. An entry has one field, \`data\`, which holds the JSON document that the message
schemas describe. Fields with a default are optional, unknown fields are ignored, integers are within ±(2⁵³ − 1),
datetimes are ISO 8601 and UTC if they have no zone. Messages carry references, never secrets:
\`vault:project/<id>/NAME\`, \`vault:platform/NAME\`, \`env:NAME\` or \`none:\`.

- **work** channels are queues: one consumer group; entries are acknowledged and deleted. A message that cannot be handled goes
  to the dead-letter channel \`{queue}:dlq\`, with the reason.
- **log** channels: each reader keeps its own position. They are capped, expire, and may be trimmed.

The version of this document is the package's version; the wire version is the field \`version\` of a message.`;

/** The parameters of stream names. */
const PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  task_id: { description: 'Id of the task, task_…' },
  worker_id: { description: 'Id of the worker, w-<request_id of its create command>' },
  type: { description: 'Role of the worker', enum: ['developer', 'po'] },
};

const DEAD_LETTER_EXAMPLE = {
  original_message: { data: '{"task_id":"task_019b0000000070008000000000000002"}' },
  error_context: {
    error: 'project_id: Invalid input: expected string, received undefined',
    error_type: 'InvalidMessage',
    code: 'invalid_message',
    timestamp: '2026-01-10T12:00:00.000Z',
    service: 'langgraph',
    consumer: 'langgraph-1',
    attempts: 1,
    entry_id: '1768046400000-0',
    correlation_id: null,
  },
};

/** The AsyncAPI 3.0 document of all queues. */
export function asyncApiOf(version: string, examples: Examples): JsonSchema {
  const contracts: readonly QueueContract[] = queues;
  const work = contracts.filter(({ kind }) => kind === 'work');
  const schemas = sharedSchemasOf(models);
  const used = usedBy(schemas, [...contracts.flatMap(messagesOf), 'DeadLetter']);
  return {
    asyncapi: '3.0.0',
    id: 'urn:codegen:orchestrator:queues',
    info: {
      title: 'Codegen orchestrator: queues',
      version,
      description: INFO,
      tags: [
        { name: 'work', description: 'Queues: one consumer group, and a dead-letter stream' },
        { name: 'log', description: 'Logs: every reader has its own position' },
        { name: 'dead-letter', description: 'Messages that could not be handled' },
      ],
    },
    defaultContentType: 'application/json',
    servers: {
      redis: {
        host: '127.0.0.1:6379',
        protocol: 'redis',
        protocolVersion: '7.0',
        title: "The stack's Redis",
        description: 'The address and the password are in the data folder of the stack, or in REDIS_URL.',
        security: [{ $ref: '#/components/securitySchemes/password' }],
      },
    },
    channels: Object.fromEntries([
      ...contracts.map((contract) => [channelName(contract.stream), channelOf(contract)]),
      ...work.map((contract) => [channelName(deadLetterStream(contract.stream)), deadLetterChannelOf(contract)]),
    ]),
    operations: Object.fromEntries([...contracts.flatMap(operationsOf), ...work.flatMap(deadLetterOperationsOf)]),
    components: {
      messages: Object.fromEntries(
        [...new Set(contracts.flatMap(messagesOf)), 'DeadLetter'].map((name) => [
          name,
          messageOf(
            name,
            schemas[name] as JsonSchema,
            name === 'DeadLetter' ? [DEAD_LETTER_EXAMPLE] : examplesOf(name, contracts, examples),
          ),
        ]),
      ),
      schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name))),
      securitySchemes: { password: { type: 'userPassword', description: 'AUTH with the password of the stack' } },
    },
  };
}

/** Names of a stream's message models; a union is replaced by its options. */
function messagesOf({ message, model }: QueueContract): string[] {
  const options: readonly z.ZodType[] = message instanceof z.ZodDiscriminatedUnion ? message.options : [];
  const names = Object.entries(models)
    .filter(([, schema]) => options.includes(schema))
    .map(([name]) => name);
  return names.length > 0 ? names : [model];
}

function channelName(stream: string): string {
  return stream.replaceAll(':', '-').replace(/[{}]/g, '');
}

function parametersOf(stream: string): JsonSchema {
  const names = [...stream.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  return names.length === 0 ? {} : { parameters: Object.fromEntries(names.map((name) => [name, PARAMETERS[name]])) };
}

function channelOf(contract: QueueContract): JsonSchema {
  const { stream, kind, group, summary, producers, consumers, legacyStreams, maxLength, expiresSeconds } = contract;
  const retention =
    kind === 'work'
      ? 'Entries are deleted when they are acknowledged.'
      : `About ${maxLength} entries are kept; the stream expires ${expiresSeconds} s after its last entry.`;
  const readers =
    kind === 'work'
      ? `Consumer group \`${group}\`; dead letters in \`${deadLetterStream(stream)}\`.`
      : 'Read without a group.';
  const legacy = legacyStreams ? ` Older peers write to \`${legacyStreams.join('`, `')}\`.` : '';
  return {
    address: stream,
    title: stream,
    summary,
    description: `From ${producers.join(', ')} to ${consumers.join(', ')}. ${readers} ${retention}${legacy}`,
    servers: [{ $ref: '#/servers/redis' }],
    ...parametersOf(stream),
    messages: Object.fromEntries(messagesOf(contract).map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    tags: [{ name: kind }],
    'x-kind': kind,
    ...(group !== undefined && { 'x-consumer-group': group, 'x-dead-letter-stream': deadLetterStream(stream) }),
    'x-producers': producers,
    'x-consumers': consumers,
    ...(legacyStreams && { 'x-legacy-streams': legacyStreams }),
    ...(maxLength !== undefined && { 'x-max-length': maxLength }),
    ...(expiresSeconds !== undefined && { 'x-expires-seconds': expiresSeconds }),
  };
}

function deadLetterChannelOf({ stream, consumers }: QueueContract): JsonSchema {
  const address = deadLetterStream(stream);
  return {
    address,
    title: address,
    summary: `Messages of ${stream} that could not be handled.`,
    description: `Written by ${consumers.join(', ')}, read by operators. Entries stay until an operator deletes them. An entry has two JSON fields, \`original_message\` and \`error_context\`.`,
    servers: [{ $ref: '#/servers/redis' }],
    ...parametersOf(stream),
    messages: { DeadLetter: { $ref: '#/components/messages/DeadLetter' } },
    tags: [{ name: 'dead-letter' }],
    'x-kind': 'dead-letter',
    'x-producers': consumers,
  };
}

function operationOf(
  action: 'send' | 'receive',
  stream: string,
  names: readonly string[],
  summary: string,
): [string, JsonSchema] {
  const channel = channelName(stream);
  const operation = {
    action,
    channel: { $ref: `#/channels/${channel}` },
    title: `${action === 'send' ? 'Write to' : 'Read'} ${stream}`,
    summary,
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  };
  return [`${action}-${channel}`, operation];
}

function operationsOf(contract: QueueContract): [string, JsonSchema][] {
  const { stream, producers, consumers, group, kind, results } = contract;
  const reply = results !== undefined && { reply: { channel: { $ref: `#/channels/${channelName(results)}` } } };
  const names = messagesOf(contract);
  const [send, sending] = operationOf('send', stream, names, `Sent by ${producers.join(', ')}.`);
  const how = kind === 'work' ? `as group ${group}` : 'each reader from its own position';
  const [receive, receiving] = operationOf('receive', stream, names, `Read by ${consumers.join(', ')}, ${how}.`);
  return [
    [send, { ...sending, ...reply, tags: producers.map((name) => ({ name })) }],
    [receive, { ...receiving, ...reply, tags: consumers.map((name) => ({ name })) }],
  ];
}

function deadLetterOperationsOf({ stream, consumers }: QueueContract): [string, JsonSchema][] {
  const address = deadLetterStream(stream);
  const [send, sending] = operationOf('send', address, ['DeadLetter'], `Sent by ${consumers.join(', ')}.`);
  const [receive, receiving] = operationOf('receive', address, ['DeadLetter'], 'Read by operators.');
  return [
    [send, { ...sending, tags: consumers.map((name) => ({ name })) }],
    [receive, { ...receiving, tags: [{ name: 'operator' }] }],
  ];
}

function messageOf(name: string, schema: JsonSchema, payloads: readonly object[]): JsonSchema {
  const properties = (schema.properties ?? {}) as JsonSchema;
  return {
    name,
    title: name,
    summary: schema.description,
    contentType: 'application/json',
    ...('correlation_id' in properties && { correlationId: { location: '$message.payload#/correlation_id' } }),
    payload: { $ref: `#/components/schemas/${name}` },
    examples: payloads.map((payload) => ({ payload })),
  };
}

/** Examples of a model from all streams that carry it. */
function examplesOf(name: string, contracts: readonly QueueContract[], examples: Examples): object[] {
  const schema = models[name as keyof typeof models];
  return contracts
    .filter((contract) => messagesOf(contract).includes(name))
    .flatMap(({ stream }) => examples[stream] ?? [])
    .filter((payload) => schema.safeParse(payload).success);
}

/** Names of the root schemas and of all that they refer to. */
function usedBy(schemas: Readonly<Record<string, JsonSchema>>, roots: readonly string[]): Set<string> {
  const used = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    const text = JSON.stringify(schemas[name]);
    queue.push(...[...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] as string));
  }
  return used;
}
