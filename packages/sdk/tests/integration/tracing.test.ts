import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeEntry, engineeringQueue, scaffolderQueue, workerInputs } from '@codegen/contracts';
import { type Attributes, context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { PermanentError, TransientError } from '../../src/errors.js';
import { answerOnce, connectRedis, publish } from '../../src/queue/index.js';
import { type Bench, DLQ, openBench, STREAM } from '../bench.js';
import { recordingMeterProvider } from '../support/recording-meter.js';

const TRACEPARENT = /^00-[\da-f]{32}-[\da-f]{16}-01$/;
const order = { task_id: 't', project_id: 'p', user_id: 0, correlation_id: 'c1' };
const scaffolding = { project_id: 'p', repo_full_name: 'local/p', project_name: 'p', modules: [] };

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const spans = new InMemorySpanExporter();
const meters = recordingMeterProvider();

function register(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  metrics.setGlobalMeterProvider(meters.provider);
}

function unregister(): void {
  for (const api of [context, propagation, trace, metrics]) api.disable();
  spans.reset();
  meters.reset();
}

/** The fields of all entries of a stream. */
async function entries(stream: string): Promise<Record<string, string>[]> {
  const found = await bench.redis.xrange(stream, '-', '+');
  return found.map(([, flat]) => Object.fromEntries(flat.flatMap((_, i) => (i % 2 ? [] : [flat.slice(i, i + 2)]))));
}

const named = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name);

/** Waits for so many ended spans of a name. */
function ended(name: string, count = 1): Promise<ReadableSpan[]> {
  return waitFor(`${count} spans ${name}`, () => named(name).length >= count && named(name));
}

describe('without a registration', () => {
  test('an entry is its document and nothing else', async () => {
    await publish(bench.redis, engineeringQueue, order);
    await publish(
      bench.redis,
      workerInputs,
      { request_id: 'r', prompt: 'x' },
      { params: { type: 'po', worker_id: 'w' } },
    );
    expect((await entries(STREAM)).map(Object.keys)).toEqual([['data']]);
    expect((await entries('worker:po:w:input')).map(Object.keys)).toEqual([['data']]);
  });
});

describe('with OpenTelemetry registered', () => {
  beforeEach(register);
  afterEach(unregister);

  test('publish, consume and what the handler publishes are one trace', async () => {
    const tracer = trace.getTracer('test');
    bench.consume(async () => {
      await tracer.startActiveSpan('work', async (span) => {
        await publish(bench.redis, scaffolderQueue, scaffolding);
        span.end();
      });
    });
    const { entryId } = await publish(bench.redis, engineeringQueue, order);
    const [processed] = await ended(`process ${STREAM}`);
    const [sent, [work], [child]] = [named(`send ${STREAM}`)[0], named('work'), named('send scaffolder:queue')];

    expect(sent?.parentSpanContext).toBeUndefined();
    expect(new Set([sent, processed, work, child].map((span) => span?.spanContext().traceId)).size).toBe(1);
    expect(processed?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(processed?.links.map((link) => link.context.spanId)).toEqual([sent?.spanContext().spanId]);
    expect(work?.parentSpanContext?.spanId).toBe(processed?.spanContext().spanId);
    expect(child?.parentSpanContext?.spanId).toBe(work?.spanContext().spanId);
    const common = {
      'messaging.system': 'redis',
      'messaging.system.name': 'redis',
      'messaging.destination.name': STREAM,
      'messaging.message.id': entryId,
      'messaging.message.conversation_id': 'c1',
    };
    expect([sent?.kind, sent?.attributes]).toEqual([
      SpanKind.PRODUCER,
      { ...common, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' },
    ]);
    expect([processed?.kind, processed?.attributes]).toEqual([
      SpanKind.CONSUMER,
      {
        ...common,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': engineeringQueue.group,
        'messaging.client.id': expect.stringMatching(/^consumer-/),
        'codegen.outcome': 'done',
      },
    ]);
    expect(processed?.status.code).toBe(SpanStatusCode.UNSET);
    expect(child?.attributes['messaging.message.conversation_id']).toBe('c1');
  });

  test('the context travels beside the document, and nothing else does', async () => {
    const loaded = propagation.setBaggage(context.active(), propagation.createBaggage({ user: { value: 'someone' } }));
    await context.with(loaded, () => publish(bench.redis, engineeringQueue, order));
    const [entry = {}] = await entries(STREAM);
    expect(Object.keys(entry)).toEqual(['data', 'traceparent']);
    expect(entry.traceparent).toMatch(TRACEPARENT);
    expect(Object.keys(JSON.parse(entry.data as string))).not.toContain('traceparent');
    const { data } = entry as { data: string };
    expect(decodeEntry(engineeringQueue, entry)).toEqual({ ...decodeEntry(engineeringQueue, { data }), raw: entry });
  });

  test('a flat entry of an old peer is read and traced as well', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const fields = { task_id: 't', project_id: 'p', user_id: '7', traceparent, tracestate: 'vendor=1' };
    const seen: number[] = [];
    bench.consume(async ({ user_id }) => void seen.push(user_id));
    await bench.redis.xadd(STREAM, '*', ...Object.entries(fields).flat());
    const [processed] = await ended(`process ${STREAM}`);
    expect(seen).toEqual([7]);
    expect(processed?.parentSpanContext).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) });
    expect(processed?.parentSpanContext?.traceState?.serialize()).toBe('vendor=1');
  });

  test('an entry without a context, or with a broken one, begins a trace of its own', async () => {
    // Started inside a span: what is consumed later has nothing to do with it.
    trace.getTracer('test').startActiveSpan('start', (span) => {
      bench.consume(async () => undefined);
      span.end();
    });
    const data = JSON.stringify(order);
    await bench.redis.xadd(STREAM, '*', 'data', data);
    await bench.redis.xadd(STREAM, '*', 'data', data, 'traceparent', '00-nonsense');
    const processed = await ended(`process ${STREAM}`, 2);
    expect(processed.map(({ parentSpanContext, links }) => [parentSpanContext, links])).toEqual([
      [undefined, []],
      [undefined, []],
    ]);
    expect(new Set(processed.map((span) => span.spanContext().traceId)).size).toBe(2);
  });

  test('a retry keeps the trace; the span says the error and what became of the message', async () => {
    const seen: number[] = [];
    bench.consume(
      async (_, { attempt }) => {
        seen.push(attempt);
        if (attempt === 1) throw new TransientError('cannot reach redis://user:hunter2@host');
      },
      { retry: { transient: [30] } },
    );
    await publish(bench.redis, engineeringQueue, order);
    const processed = await ended(`process ${STREAM}`, 2);
    const sent = named(`send ${STREAM}`)[0]?.spanContext();
    expect(seen).toEqual([1, 2]);
    expect(processed.map((span) => span.parentSpanContext?.spanId)).toEqual([sent?.spanId, sent?.spanId]);
    const [failed, done] = processed;
    expect(failed?.attributes).toMatchObject({ 'codegen.outcome': 'retry', 'error.type': 'TransientError' });
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
    expect(failed?.events.map(({ name }) => name)).toEqual(['exception', 'retry']);
    expect(failed?.events[1]?.attributes?.['codegen.delay_ms']).toBeGreaterThan(0);
    expect(JSON.stringify([failed?.events, failed?.status])).not.toContain('hunter2');
    expect(done?.attributes['codegen.outcome']).toBe('done');
  });

  test('a dead letter keeps the fields of its entry, and its announcement belongs to the trace', async () => {
    bench.consume(() => Promise.reject(new PermanentError('no')), {
      onDeadLetter: async () => {
        const answer = { request_id: 'r', status: 'failed', project_id: 'p', files_generated: 0 };
        await answerOnce({
          redis: bench.redis,
          key: 'k',
          contract: scaffolderQueue,
          message: { ...scaffolding, ...answer },
        });
      },
    });
    await publish(bench.redis, engineeringQueue, order);
    await bench.redis.xadd(STREAM, '*', 'data', 'nonsense');
    const [refused, unreadable] = await ended(`process ${STREAM}`, 2);
    await waitFor('the letters', async () => (await bench.redis.xlen(DLQ)) === 2);
    const [letter] = await bench.deadLetters();
    expect(letter?.original.traceparent).toMatch(TRACEPARENT);
    expect(refused?.attributes).toMatchObject({ 'codegen.outcome': 'dead', 'error.type': 'permanent' });
    expect(refused?.events.map(({ name }) => name)).toEqual(['exception', 'dead_letter']);
    expect(unreadable?.attributes).toMatchObject({ 'codegen.outcome': 'dead', 'error.type': 'invalid_json' });
    expect(unreadable?.status.code).toBe(SpanStatusCode.ERROR);
    const [answered] = await ended('send scaffolder:queue');
    expect(answered?.parentSpanContext?.spanId).toBe(refused?.spanContext().spanId);
    const [answer] = await entries('scaffolder:queue');
    expect(answer?.traceparent).toContain(answered?.spanContext().spanId);
  });

  test('a message that cannot be sent fails its span', async () => {
    const away = connectRedis('redis://127.0.0.1:1');
    const sending = publish(away, engineeringQueue, order);
    away.disconnect();
    await expect(sending).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    const [sent] = named(`send ${STREAM}`);
    expect(sent?.status.code).toBe(SpanStatusCode.ERROR);
    expect(sent?.events.map(({ name }) => name)).toEqual(['exception']);
    expect(sent?.attributes['error.type']).toEqual(expect.any(String));
  });

  test('a stream of one worker goes by its template, so that names stay few', async () => {
    await publish(
      bench.redis,
      workerInputs,
      { request_id: 'r', prompt: 'x' },
      { params: { type: 'po', worker_id: 'w' } },
    );
    const [sent] = named('send worker:{type}:{worker_id}:input');
    expect(sent?.attributes).toMatchObject({
      'messaging.destination.name': 'worker:po:w:input',
      'messaging.destination.template': 'worker:{type}:{worker_id}:input',
    });
  });

  test('messages are counted and their handling is measured', async () => {
    bench.consume(async ({ task_id }) => {
      if (task_id === 'bad') throw new PermanentError('no');
    });
    await publish(bench.redis, engineeringQueue, order);
    await publish(bench.redis, engineeringQueue, { ...order, task_id: 'bad' });
    await ended(`process ${STREAM}`, 2);
    const about: Attributes = { 'messaging.system.name': 'redis', 'messaging.destination.name': STREAM };
    const send = { ...about, 'messaging.operation.name': 'send' };
    const group = { 'messaging.consumer.group.name': engineeringQueue.group };
    const process = { ...about, ...group, 'messaging.operation.name': 'process' };
    const failed = { ...process, 'error.type': 'permanent' };
    expect(meters.of('messaging.client.sent.messages')).toEqual([
      [1, send],
      [1, send],
    ]);
    expect(meters.of('messaging.client.consumed.messages')).toEqual([
      [1, process],
      [1, failed],
    ]);
    expect(meters.of('messaging.process.duration')).toEqual([
      [expect.any(Number), process],
      [expect.any(Number), failed],
    ]);
  });
});

test('after the registration is withdrawn, entries are documents again', async () => {
  register();
  unregister();
  await publish(bench.redis, engineeringQueue, order);
  expect((await entries(STREAM)).map(Object.keys)).toEqual([['data']]);
});

describe('where @opentelemetry/api is not installed', () => {
  const script = fileURLToPath(new URL('../fixtures/without-opentelemetry.js', import.meta.url));
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, [script], { env: { PATH: process.env.PATH, ...env } });
  const worked = JSON.stringify({ fields: [['data'], ['data']], seen: ['one', 'two'] });

  test('everything works, and nobody looks for it', async () => {
    expect(await run({})).toEqual({ stdout: worked, stderr: '' });
  });

  test('everything works beside a registration too, and it is looked for once', async () => {
    expect(await run({ REGISTERED: '1' })).toEqual({ stdout: worked, stderr: 'looked for @opentelemetry/api\n' });
  });
});
