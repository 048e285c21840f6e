import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { beforeAll, describe, expect, test } from 'vitest';
import { deadLetterStream, models, type QueueContract, queues } from '../../src/index.js';

const text = readFileSync(new URL('../../asyncapi.json', import.meta.url), 'utf8');
const contracts: readonly QueueContract[] = queues;

async function parse(source: string) {
  const { document, diagnostics } = await new Parser().parse(source);
  // The only hint suggests AsyncAPI 3.1, which few tools support yet.
  const problems = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version');
  return { document, problems: problems.map(({ message, path }) => `${path.join('.')}: ${message}`) };
}

describe('the AsyncAPI document', () => {
  let parsed: Awaited<ReturnType<typeof parse>>;
  beforeAll(async () => {
    parsed = await parse(text);
  }, 30_000);

  test('passes the official parser without diagnostics', () => {
    expect(parsed.problems).toEqual([]);
    expect(parsed.document?.version()).toBe('3.0.0');
  });

  test.each(contracts)('has $stream with its writers, readers and messages', (contract) => {
    const channel = parsed.document
      ?.channels()
      .all()
      .find((one) => one.address() === contract.stream);
    expect(channel?.messages().all().length).toBeGreaterThan(0);
    expect(
      channel
        ?.messages()
        .all()
        .every((message) => message.hasPayload() && message.examples().length > 0),
    ).toBe(true);
    const operations = channel?.operations().all() ?? [];
    const tags = (action: string) =>
      operations
        .filter((one) => one.action() === action)
        .flatMap((one) =>
          one
            .tags()
            .all()
            .map((tag) => tag.name()),
        );
    expect(tags('send')).toEqual(contract.producers);
    expect(tags('receive')).toEqual(contract.consumers);
    expect(channel?.extensions().get('x-consumer-group')?.value()).toBe(contract.group);
    for (const operation of operations) expect(operation.reply()?.channel()?.address()).toBe(contract.results);
    const parameters = [...contract.stream.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(
      channel
        ?.parameters()
        .all()
        .map((one) => one.id()),
    ).toEqual(parameters);
    expect(
      channel
        ?.parameters()
        .all()
        .every((one) => one.hasDescription()),
    ).toBe(true);
  });

  test('has valid examples', () => {
    for (const message of parsed.document?.messages().all() ?? []) {
      const model = models[message.name() as keyof typeof models];
      const payloads = message.examples().map((example) => example.payload());
      expect(payloads.map((payload) => model.safeParse(payload).error)).toEqual(payloads.map(() => undefined));
    }
  });

  test('has a dead-letter channel for each work queue and for no log', () => {
    const addresses = parsed.document
      ?.channels()
      .all()
      .map((one) => one.address());
    const deadLetters = contracts.filter(({ kind }) => kind === 'work').map(({ stream }) => deadLetterStream(stream));
    expect(addresses?.filter((address) => address?.endsWith(':dlq'))).toEqual(deadLetters);
  });
});

test.each([
  [
    'whose message has no schema',
    (document: string) => document.replace('#/components/schemas/DeployMessage"', '#/components/schemas/Gone"'),
  ],
  ['without a title', (document: string) => document.replace(/"title": "Codegen orchestrator: queues",/, '')],
])(
  'a document %s is reported',
  async (_, broken) => {
    expect(broken(text)).not.toBe(text);
    expect((await parse(broken(text))).problems).not.toEqual([]);
  },
  30_000,
);
