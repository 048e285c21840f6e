import type { Logger } from '../queue/logger.js';
import { version } from '../version.js';
import { within } from './metrics.js';
import { sayAway } from './outage-log.js';

/** Milliseconds that the last spans of a process get. */
const FLUSH_MS = 2000;

/** Where spans go. */
export interface TelemetryTarget {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Registers OpenTelemetry in this process: its spans go to the endpoint, in batches. The answer sends the last ones.
 * @throws {Error} naming a package that is not installed
 */
export async function registerTelemetry(
  { endpoint, headers }: TelemetryTarget,
  { service, instance }: { service: string; instance: string },
  logger: Logger,
): Promise<() => Promise<void>> {
  // Optional for whoever installs the SDK, so a bundler must not insist on them.
  const [
    { context, DiagLogLevel, diag, propagation, trace },
    { AsyncLocalStorageContextManager },
    { W3CTraceContextPropagator },
    { OTLPTraceExporter },
    { resourceFromAttributes },
    { BasicTracerProvider, BatchSpanProcessor },
  ] = await Promise.all([
    import('@opentelemetry/api').catch(notInstalled),
    import('@opentelemetry/context-async-hooks').then(named, notInstalled),
    import('@opentelemetry/core').then(named, notInstalled),
    import('@opentelemetry/exporter-trace-otlp-http').then(named, notInstalled),
    import('@opentelemetry/resources').then(named, notInstalled),
    import('@opentelemetry/sdk-trace-base').then(named, notInstalled),
  ]);
  const away = (text: string) => sayAway(logger, 'the OTLP endpoint', text, 'sending spans');
  const quiet = () => undefined;
  const log = { error: away, warn: away, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const url = `${endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint}/v1/traces`;
  const resource = { 'service.name': service, 'service.instance.id': instance, 'service.version': version };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, headers: { ...headers } }))],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    await within(FLUSH_MS, provider.shutdown());
  };
}

/** What a module exports by name: of one that is CommonJS, a bundle may know the whole alone. */
function named<M extends object>(module: M): M {
  return { ...(module as { default?: M }).default, ...module };
}

function notInstalled(cause: unknown): never {
  const name = /package '([^']+)'/.exec(String(cause))?.[1] ?? 'a package of OpenTelemetry';
  const message = `OTEL_EXPORTER_OTLP_ENDPOINT is set, but ${name} is not installed. Install it, or leave the variable out.`;
  throw new Error(message, { cause });
}
