import type { EntryFields, QueueContract } from '@codegen/contracts';
import {
  correlatedContext,
  errorType,
  failSpan,
  instruments,
  messagingAttributes,
  metricAttributes,
  type OpenTelemetry,
  SCOPE,
  traceFields,
} from './open-telemetry.js';

/** Adds an entry inside a `send` span; `add` gets the fields that carry the span's context beside `data`. */
export async function sendTraced<T extends { entryId: string }>(
  api: OpenTelemetry,
  { contract, stream, message }: { contract: QueueContract; stream: string; message: Record<string, unknown> },
  add: (trace: EntryFields) => Promise<T>,
): Promise<T> {
  const { context, SpanKind, trace } = api;
  const correlationId = message.correlation_id;
  const attributes = {
    ...messagingAttributes(contract, stream, 'send'),
    ...(typeof correlationId === 'string' && { 'messaging.message.conversation_id': correlationId }),
  };
  const outside = correlatedContext(api, context.active(), correlationId);
  const options = { kind: SpanKind.PRODUCER, attributes };
  const span = trace.getTracer(SCOPE).startSpan(`send ${contract.stream}`, options, outside);
  const inside = trace.setSpan(outside, span);
  let error: string | undefined;
  try {
    const added = await context.with(inside, () => add(traceFields(api, inside)));
    span.setAttribute('messaging.message.id', added.entryId);
    return added;
  } catch (thrown) {
    error = errorType(thrown);
    failSpan(api, span, thrown);
    throw thrown;
  } finally {
    span.end();
    instruments(api).sent.add(1, metricAttributes(contract, 'send', error));
  }
}
