import type { EntryFields, QueueContract } from '@codegen/contracts';
import type { Attributes, Context, Counter, Histogram, MeterProvider, Span } from '@opentelemetry/api';
import { textOf } from '../text/error-text.js';
import { traceOf } from '../trace-context.js';

/** The API package of OpenTelemetry. */
export type OpenTelemetry = typeof import('@opentelemetry/api');

/** The name of our tracer and meter. */
export const SCOPE = '@codegen/sdk';

/** Where OpenTelemetry keeps what the host application has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** Fields of an entry, beside `data`, that carry the context of its trace. */
const TRACE_FIELDS = ['traceparent', 'tracestate'];

let loading: Promise<OpenTelemetry | undefined> | undefined;

/**
 * The API package, once the host application has registered anything with it. Before that, and where it is not
 * installed, there is nothing to tell and nothing is loaded.
 */
export function openTelemetry(): Promise<OpenTelemetry | undefined> | undefined {
  if (!(REGISTERED in globalThis)) return undefined;
  loading ??= import('@opentelemetry/api').catch(() => undefined);
  return loading;
}

/** What every span on a queue says, by the semantic conventions; older back ends know the system by its older name. */
export function messagingAttributes(
  contract: QueueContract,
  stream: string,
  operation: 'send' | 'process',
): Attributes {
  return {
    'messaging.system.name': 'redis',
    'messaging.system': 'redis',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': stream,
    ...(contract.stream.includes('{') && { 'messaging.destination.template': contract.stream }),
  };
}

/**
 * The fields that hand a context on. Only W3C trace context travels: baggage may hold anything, and any other format
 * would be unknown to our peers. None without a propagator or a span.
 */
export function traceFields({ propagation }: OpenTelemetry, context: Context): EntryFields {
  const fields: EntryFields = {};
  const set = (carrier: EntryFields, key: string, value: string) => {
    if (TRACE_FIELDS.includes(key)) carrier[key] = value;
  };
  propagation.inject(context, fields, { set });
  return fields;
}

/** The context that an entry came with, over nothing: what the consumer was started in has no part in it. */
export function contextOf({ propagation, ROOT_CONTEXT }: OpenTelemetry, fields: EntryFields): Context {
  const get = (carrier: EntryFields, key: string) => (TRACE_FIELDS.includes(key) ? carrier[key] : undefined);
  return propagation.extract(ROOT_CONTEXT, fields, { get, keys: () => TRACE_FIELDS });
}

/** A context, or that of the trace of a correlation id where it has no span. */
export function correlatedContext({ trace }: OpenTelemetry, context: Context, correlationId: unknown): Context {
  const known = trace.getSpanContext(context) ? undefined : traceOf(correlationId);
  return known ? trace.setSpanContext(context, { ...known, traceFlags: SAMPLED, isRemote: true }) : context;
}

const SAMPLED = 1;

/** A class of errors: the code where there is one, else the name. */
export function errorType(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : typeof error;
}

/** Marks a span as failed by an error, whose text and stack are bounded and without passwords. */
export function failSpan({ SpanStatusCode }: OpenTelemetry, span: Span, error: unknown): void {
  const message = textOf(error);
  const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
  span.recordException({ name, message, ...(stack !== undefined && { stack: textOf(stack) }) });
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

interface Instruments {
  readonly sent: Counter;
  readonly consumed: Counter;
  /** In seconds. */
  readonly processing: Histogram;
}

const made = new WeakMap<MeterProvider, Instruments>();

/** Counters and histograms of the messaging conventions, of the meter provider that is registered now. */
export function instruments({ metrics }: OpenTelemetry): Instruments {
  const provider = metrics.getMeterProvider();
  let found = made.get(provider);
  if (!found) {
    const meter = provider.getMeter(SCOPE);
    found = {
      sent: meter.createCounter('messaging.client.sent.messages', { unit: '{message}' }),
      consumed: meter.createCounter('messaging.client.consumed.messages', { unit: '{message}' }),
      processing: meter.createHistogram('messaging.process.duration', {
        unit: 's',
        advice: {
          explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        },
      }),
    };
    made.set(provider, found);
  }
  return found;
}

/** What every measurement says; the contract's name of the stream, as those of single workers would be endless. */
export function metricAttributes(contract: QueueContract, operation: 'send' | 'process', error?: string): Attributes {
  return {
    'messaging.system.name': 'redis',
    'messaging.operation.name': operation,
    [contract.stream.includes('{') ? 'messaging.destination.template' : 'messaging.destination.name']: contract.stream,
    ...(contract.group !== undefined && operation === 'process' && { 'messaging.consumer.group.name': contract.group }),
    ...(error !== undefined && { 'error.type': error }),
  };
}
