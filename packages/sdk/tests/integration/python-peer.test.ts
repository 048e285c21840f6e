import {
  agentName,
  createWorkerCommand,
  defineQueue,
  deleteWorkerCommand,
  engineeringQueue,
  type ModelName,
  models,
  type QueueContract,
  queues,
  resultStatus,
  sendFileCommand,
  sendMessageCommand,
  wireDatetimeToMs,
  workerCommands,
  workerResponses,
} from '@codegen/contracts';
import { storable } from '@codegen/contracts/storable';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../../../../tests/support/python.js';
import { samples, seed } from '../../../../tests/support/seed.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { arbitraryOf, type Overrides } from '../../../contracts/tests/arbitrary-of.js';
import { readFixture } from '../../../contracts/tests/fixtures.js';
import { runConsumer } from '../../src/consumer/index.js';
import { publish, readLog } from '../../src/queue/index.js';
import { type Bench, openBench } from '../bench.js';
import { type Document, forms, pythonPeer, type ToWrite, type Verdict } from '../python-peer.js';

/** Messages of each model. */
const EACH = 100;

interface Refused {
  model: ModelName;
  why: string;
  json: Document;
}
const refused = readFixture<Refused[]>('vectors/invalid.json');

/** The models that the Python peers know. */
const shared = [...new Set(refused.map(({ model }) => model))];

/** Values that came later are left out: peers do not know them. */
const original: Overrides = new Map<never, Arbitrary<unknown>>([
  [agentName as never, fc.constantFrom('claude-code', 'factory-droid')],
  [resultStatus as never, fc.constantFrom('success', 'failed', 'error')],
]);

/** What is exchanged on a stream, and by which names the peer knows it. */
interface Exchange {
  readonly contract: QueueContract;
  readonly peerModels: readonly string[];
  readonly messages: Arbitrary<Document>;
}

const commands = [createWorkerCommand, sendMessageCommand, sendFileCommand, deleteWorkerCommand];
const responses = ['CreateWorkerResponse', 'SendMessageResponse', 'DeleteWorkerResponse'];
const exchanges: readonly Exchange[] = [
  ...shared.map((model) => ({
    contract: queues.find((queue) => queue.model === model) ?? streamOfItsOwn(model),
    peerModels: [model],
    messages: documentsOf(model),
  })),
  {
    contract: workerCommands,
    peerModels: ['WorkerCommand'],
    messages: fc.oneof(
      ...commands.map((schema) =>
        (arbitraryOf(schema, original) as Arbitrary<Document>).map((one) => ({
          ...one,
          command: schema.shape.command.parse(undefined),
        })),
      ),
    ),
  },
  { contract: workerResponses, peerModels: responses, messages: documentsOf('WorkerResponse') },
];

/** What is easily got wrong. */
const edges: Record<string, Document> = {
  'a Telegram id beyond 32 bits': { user_id: 7_123_456_789 },
  'a Telegram group': { user_id: -1_001_234_567_890 },
  'the largest integer': { user_id: 2 ** 53 - 1 },
  'the smallest integer': { user_id: -(2 ** 53) + 1 },
  'empty strings': { task_id: '', project_id: '', callback_stream: '' },
  null: { callback_stream: null },
  'emoji and other planes': { task_id: '👩‍🚀 🇩🇪 𝒜 𠮷 \u{10ffff}', project_id: 'é e\u0301 ß İ ﷺ' },
  'control characters': { task_id: '\0\u0001\u001f\u007f\u2028\u2029', project_id: '\r\n\t"\\/' },
  'a byte order mark and a replacement character': { task_id: '\ufeff', project_id: '\ufffd' },
  'half a surrogate pair, mended': { task_id: 'cut \ud83d' },
  'RFC 3339 in UTC': { timestamp: '2026-01-10T12:00:00Z' },
  milliseconds: { timestamp: '2026-01-10T12:00:00.120Z' },
  'an offset': { timestamp: '2026-01-10T12:00:00.123456+03:00' },
  'a negative offset over the turn of the year': { timestamp: '2025-12-31T23:59:59.999999-09:30' },
  'a naive datetime': { timestamp: '2026-01-10T12:00:00.123456' },
  'the first and the last year': { timestamp: '0001-01-01T00:00:00', task_id: '9999-12-31T23:59:59.999999' },
};

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

describe.skipIf(!python)(`a Python peer (skipped without Python 3.11 and Pydantic 2; FC_SEED=${seed})`, () => {
  test('knows the 18 models of the original design', () => {
    expect(shared.length).toBe(18);
  });

  test('accepts whatever we publish, and understands the same', async () => {
    const published = await Promise.all(
      exchanges.flatMap(({ contract, messages }) => samples(messages, EACH).map((one) => publishAs(contract, one))),
    );
    const byId = new Map(published.map((one) => [`${one.stream} ${one.entryId}`, one.message]));
    const asked = exchanges.flatMap(({ contract, peerModels }) =>
      peerModels.map((model) => ({ stream: contract.stream, model })),
    );
    const verdicts = await pythonPeer.read(bench.server.port, asked);
    expect(verdicts.length).toBe(asked.length * EACH);
    for (const [i, verdict] of verdicts.entries()) {
      const { stream, model } = asked[Math.floor(i / EACH)] as (typeof asked)[number];
      const message = byId.get(`${stream} ${verdict.id}`) as Document;
      expectSameMeaning(message, verdict, `${model} on ${stream}: ${JSON.stringify(message)}`);
    }
  });

  test('accepts every edge of a message', async () => {
    const task = { task_id: 'task_1', project_id: 'proj_1', user_id: 0 };
    const published = await Promise.all(
      Object.values(edges).map((edge) => publishAs(engineeringQueue, { ...task, ...edge })),
    );
    const asked = { stream: engineeringQueue.stream, model: 'EngineeringMessage' };
    const verdicts = await pythonPeer.read(bench.server.port, [asked]);
    expect(verdicts.length).toBe(published.length);
    for (const [i, name] of Object.keys(edges).entries()) {
      expectSameMeaning(published[i]?.message as Document, verdicts[i] as Verdict, name);
    }
  });

  test('is understood, whatever it writes in whatever form', async () => {
    const rows: ToWrite[] = exchanges.flatMap(({ contract, peerModels, messages }) =>
      samples(messages, EACH).map((json, i) => {
        const model = peerModels[i % peerModels.length] as string;
        // A command without its name is no WorkerCommand, not for the peer either.
        const usable = forms.filter((form) => form !== 'without defaults' || contract !== workerCommands);
        return { stream: contract.stream, model, json, form: usable[i % usable.length] ?? 'complete' };
      }),
    );
    const written = await pythonPeer.write(bench.server.port, rows);
    const consumed = await consumeAll(written.length);
    for (const [i, { id, json, complete }] of written.entries()) {
      const { stream, model, form } = rows[i] as ToWrite;
      const what = `${model} on ${stream}, ${form}: ${JSON.stringify(json)}`;
      const message = consumed.get(`${stream} ${id}`) as Document;
      // But for what no database holds.
      expect(message, what).toMatchObject(storable(json));
      // What it left out has the same default here, but for what is made anew.
      const omitted = Object.keys(complete).filter((name) => !(name in json) && !isMadeAnew(name));
      for (const name of omitted) expect(message[name] ?? null, `${name} of ${what}`).toEqual(storable(complete[name]));
    }
  });

  test('refuses each sample of refused documents', async () => {
    const verdicts = await pythonPeer.accept(refused);
    const accepted = refused.filter((_, i) => verdicts[i]?.ok).map(({ model, why }) => `${model}: ${why}`);
    expect([verdicts.length, accepted]).toEqual([refused.length, []]);
    expect(refused.filter(({ model, json }) => models[model].safeParse(json).success)).toEqual([]);
  });

  test('refuses no message that we would take', async () => {
    const changed = shared.flatMap((model) =>
      samples(fc.tuple(documentsOf(model), fc.nat(), fc.jsonValue({ maxDepth: 1 })), EACH).map(
        ([document, at, value]) => ({ model, json: withOneChange(document, at, value) }),
      ),
    );
    const verdicts = await pythonPeer.accept(changed);
    const disputed = changed.filter(({ model, json }, i) => !verdicts[i]?.ok && models[model].safeParse(json).success);
    expect(disputed).toEqual([]);
    expect(verdicts.filter(({ ok }) => !ok).length).toBeGreaterThan(EACH);
  });
});

/** For models that have no stream: results in `Task.result`, single commands and responses, WorkerConfig. */
function streamOfItsOwn(model: ModelName): QueueContract {
  return defineQueue({
    stream: `peer:${model}`,
    kind: 'work',
    model,
    message: models[model] as QueueContract['message'],
    group: 'peer',
    producers: ['test'],
    consumers: ['test'],
    summary: 'A message that travels inside others.',
  });
}

function documentsOf(model: ModelName): Arbitrary<Document> {
  return arbitraryOf(models[model], original) as Arbitrary<Document>;
}

async function publishAs(contract: QueueContract, message: Document) {
  return { stream: contract.stream, ...(await publish(bench.redis, contract, message)) } as {
    stream: string;
    entryId: string;
    message: Document;
  };
}

/** Every message on the streams of the exchanges, by stream and entry. */
async function consumeAll(count: number): Promise<Map<string, Document>> {
  const consumed = new Map<string, Document>();
  const stop = new AbortController();
  const consumers = exchanges
    .filter(({ contract }) => contract.kind === 'work')
    .map(({ contract }) =>
      runConsumer({
        redisUrl: bench.server.url,
        contract,
        consumer: 'reader',
        service: 'test',
        concurrency: 100,
        handler: async (message, { entryId, stream }) => void consumed.set(`${stream} ${entryId}`, message as Document),
      }),
    );
  const log = (async () => {
    for await (const { entryId, message } of readLog(bench.redis, workerResponses, {
      from: '0',
      signal: stop.signal,
    })) {
      consumed.set(`${workerResponses.stream} ${entryId}`, message);
    }
  })();
  await waitFor('every message', () => consumed.size >= count);
  stop.abort();
  await Promise.all([...consumers.map((consumer) => consumer.stop()), log]);
  return consumed;
}

function isMadeAnew(name: string): boolean {
  return ['correlation_id', 'request_id', 'timestamp'].includes(name);
}

/** The document with a field missing or of another value. */
function withOneChange(document: Document, at: number, value: unknown): Document {
  const name = Object.keys(document)[at % Object.keys(document).length] as string;
  const { [name]: _, ...others } = document;
  return at % 3 === 0 ? others : { ...document, [name]: value };
}

/** The peer knows some of our fields, and means the same by them. */
function expectSameMeaning(message: Document, verdict: Verdict, what: string): void {
  if (!verdict.ok) throw new Error(`refused: ${verdict.error}, ${what}`);
  const known = Object.fromEntries(Object.keys(verdict.json).map((name) => [name, message[name]]));
  expect(meaningOf(known), what).toEqual(meaningOf(verdict.json));
}

/** The document with its datetime as microseconds since the epoch, and what we leave out written as null. */
function meaningOf({ timestamp, config, ...document }: Document): Document {
  const known = ['name', 'agent', 'capabilities', 'env_vars', 'mount_session_volume'];
  const entries = Object.entries(document).map(([name, value]) => [name, value ?? null]);
  return {
    ...Object.fromEntries(entries),
    ...(typeof timestamp === 'string' && { timestamp: microsecondsOf(timestamp) }),
    ...(config !== undefined && {
      config: Object.fromEntries(known.map((name) => [name, (config as Document)[name]])),
    }),
  };
}

function microsecondsOf(timestamp: string): string {
  const digits = /\.(\d+)/.exec(timestamp)?.[1] ?? '';
  return `${wireDatetimeToMs(timestamp)}${digits.padEnd(6, '0').slice(3, 6)}`;
}
