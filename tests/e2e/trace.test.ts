import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startStack } from './support/system.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
}

/** An OpenTelemetry collector that keeps what it gets. */
async function startCollector(): Promise<{ url: string; spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const named = resource.attributes.find(({ key }: { key: string }) => key === 'service.name');
        for (const one of scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans)) {
          spans.push({ ...one, service: named.value.stringValue });
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
}

test('One trace leads from a call of the command line through the API and the queues to the worker', async () => {
  const { url, spans } = await startCollector();
  const system = await startStack({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '200' } });
  onTestFinished(() => system.stop());
  await system.cli(['project', 'create', '--name', 'traced', '--json']);
  const spec = join(system.home, 'spec.md');
  await writeFile(spec, 'A list of books.');
  const started = await system.cli(['engineering', 'start', '--project', 'traced', '--spec-file', spec, '--json']);
  const { correlation_id } = started.json().meta as { correlation_id: string };

  const traceId = correlation_id.replaceAll('-', '');
  const expected = [
    'stack: POST /tasks',
    'stack: process engineering:queue',
    'stack: POST /tasks/:id/claim',
    'stack: send scaffolder:queue',
    'stack: process scaffolder:queue',
    'stack: send scaffolder:results',
    'stack: process worker:commands',
    'stack: send worker:{type}:{worker_id}:input',
    'worker-wrapper: process worker:{type}:{worker_id}:input',
    'worker-wrapper: send worker:developer:output',
    'stack: process worker:developer:output',
  ];
  const seen = () => spans.filter((span) => span.traceId === traceId).map(({ service, name }) => `${service}: ${name}`);
  const missing = () => expected.filter((one) => !seen().includes(one));
  await expect.poll(missing, { timeout: 60_000 }).toEqual([]);
  // No message of it began a trace of its own; that a worker runs at all is no request's.
  const ofWork = /^(send|process) (engineering|scaffolder|repository|worker:commands|worker:\{type\}|worker:developer)/;
  const strays = spans.filter((span) => span.traceId !== traceId && ofWork.test(span.name));
  expect(strays.map(({ name }) => name)).toEqual([]);
});
