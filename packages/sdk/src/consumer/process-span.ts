import type { QueueContract } from '@codegen/contracts';
import type { Attributes, Span } from '@opentelemetry/api';
import type { CurrentMessage } from '../current-message.js';
import type { StreamEntry } from '../queue/entry.js';
import {
  contextOf,
  correlatedContext,
  errorType,
  failSpan,
  instruments,
  messagingAttributes,
  metricAttributes,
  type OpenTelemetry,
  SCOPE,
} from '../queue/open-telemetry.js';
import type { ConsumerCore } from './consumer-core.js';
import type { Handled } from './settle.js';

/**
 * Handles an entry inside a `process` span. Its parent is the `send` span, as an entry is one message and handled on
 * its own: a request stays one trace. The link to it is what the conventions ask of every `process` span.
 */
export async function processTraced(
  api: OpenTelemetry,
  {
    core,
    contract,
    entry,
    current,
  }: { core: ConsumerCore; contract: QueueContract; entry: StreamEntry; current: CurrentMessage },
  handle: () => Promise<Handled>,
): Promise<Handled> {
  const { context, SpanKind, trace } = api;
  const sent = correlatedContext(api, contextOf(api, entry.fields), current.correlation_id);
  const sender = trace.getSpanContext(sent);
  const attributes: Attributes = {
    ...messagingAttributes(contract, entry.stream, 'process'),
    'messaging.message.id': entry.id,
    'messaging.consumer.group.name': core.group,
    'messaging.client.id': core.consumer,
    ...(current.correlation_id !== undefined && { 'messaging.message.conversation_id': current.correlation_id }),
  };
  const links = sender ? [{ context: sender }] : [];
  const options = { kind: SpanKind.CONSUMER, attributes, links };
  const span = trace.getTracer(SCOPE).startSpan(`process ${contract.stream}`, options, sent);
  const startedMs = performance.now();
  try {
    const handled = await context.with(trace.setSpan(sent, span), handle);
    const error = tell(api, span, handled);
    const skipped = handled.kind === 'done' && handled.skipped && { 'codegen.outcome': 'skipped' };
    const measured = { ...metricAttributes(contract, 'process', error), ...skipped };
    instruments(api).consumed.add(1, measured);
    instruments(api).processing.record((performance.now() - startedMs) / 1000, measured);
    return handled;
  } finally {
    span.end();
  }
}

/** Says how handling ended; gives the class of the error, if there was one. */
function tell(api: OpenTelemetry, span: Span, handled: Handled): string | undefined {
  span.setAttribute('codegen.outcome', handled.kind === 'done' && handled.skipped ? 'skipped' : handled.kind);
  if (handled.kind === 'done' || handled.kind === 'release') return undefined;
  if (handled.kind === 'dead') {
    const { code, error, attempts } = handled.context;
    if (handled.cause === undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
    else failSpan(api, span, handled.cause);
    span.setAttribute('error.type', code);
    span.addEvent('dead_letter', { 'codegen.code': code, 'codegen.attempts': attempts });
    return code;
  }
  if (handled.error === undefined) return undefined;
  failSpan(api, span, handled.error);
  if (handled.kind === 'retry') span.addEvent('retry', { 'codegen.delay_ms': Math.round(handled.delayMs) });
  return errorType(handled.error);
}
