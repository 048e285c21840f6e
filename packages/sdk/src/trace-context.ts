/** The ids of a span that is known by name alone. */
export interface KnownSpan {
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * The trace of everything that has a correlation id: the id's own digits, so that all who know it report to one trace, also
 * across a wait of days. Undefined where it is no UUID.
 */
export function traceOf(correlationId: unknown): KnownSpan | undefined {
  if (typeof correlationId !== 'string') return undefined;
  const traceId = correlationId.replaceAll('-', '').toLowerCase();
  const spanId = traceId.slice(16);
  return /^[0-9a-f]{32}$/.test(traceId) && /[1-9a-f]/.test(spanId) ? { traceId, spanId } : undefined;
}

/** The header by which W3C trace context travels over HTTP. */
export function traceparent({ traceId, spanId }: KnownSpan): string {
  return `00-${traceId}-${spanId}-01`;
}
