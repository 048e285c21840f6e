import { type OpenTelemetry, openTelemetry } from '../queue/open-telemetry.js';

const SCOPE = '@codegen/sdk/service';

/** What is told of a request. */
export interface TracedRequest {
  readonly method: string;
  /** With parameters by their names, as those of single resources would be endless. */
  readonly route: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Handles a request inside a span of the trace that it belongs to, where OpenTelemetry is registered and it says which. `end`
 * takes the status of the answer, when that is sent.
 */
export function inRequestSpan(request: TracedRequest, handle: (end: (status: number) => void) => void): void {
  const loading = request.headers.traceparent === undefined ? undefined : openTelemetry();
  const untraced = () => handle(() => undefined);
  if (loading) void loading.then((api) => (api ? traced(api, request, handle) : untraced()));
  else untraced();
}

function traced(api: OpenTelemetry, request: TracedRequest, handle: (end: (status: number) => void) => void): void {
  const { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const parent = propagation.extract(ROOT_CONTEXT, request.headers);
  const { method, route, id } = request;
  const attributes = { 'http.request.method': method, 'http.route': route, 'http.request.id': id };
  const span = trace.getTracer(SCOPE).startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
  const end = (status: number) => {
    span.setAttribute('http.response.status_code', status);
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  context.with(trace.setSpan(parent, span), () => handle(end));
}
