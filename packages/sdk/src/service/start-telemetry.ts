import type { Logger } from '../queue/logger.js';
import { type Environment, readUrl } from './read-environment.js';

/**
 * Registers OpenTelemetry in this process, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector; nothing of it is loaded
 * otherwise. The answer sends the last spans.
 * @throws {Error} naming the variable that is wrong
 */
export async function startTelemetry(
  env: Environment,
  about: { service: string; instance: string },
  logger: Logger,
): Promise<() => Promise<void>> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT) return async () => undefined;
  const what = 'the address of an OpenTelemetry collector, such as http://127.0.0.1:4318';
  const endpoint = readUrl(env, 'OTEL_EXPORTER_OTLP_ENDPOINT', ['http', 'https'], what);
  const headers = Object.fromEntries(
    (env.OTEL_EXPORTER_OTLP_HEADERS ?? '')
      .split(',')
      .filter((pair) => pair.includes('='))
      // Encoded as in a URL.
      .map((pair) => pair.split(/=(.*)/s).map((part) => decodeURIComponent(part.trim()))),
  ) as Record<string, string>;
  const { registerTelemetry } = await import('./telemetry.js');
  return await registerTelemetry({ endpoint, headers }, about, logger);
}
