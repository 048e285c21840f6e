import { setTimeout as sleep } from 'node:timers/promises';
import type { Durations } from '../consumer/durations.js';
import type { ConsumerMetrics } from '../consumer/options.js';
import type { QueueStats } from '../queue/store.js';
import { version } from '../version.js';

/** A consumer whose figures are told. */
export interface ObservedConsumer {
  /** The stream that it reads. */
  readonly stream: string;
  metrics(): ConsumerMetrics;
  durations(): Durations;
  stats(): Promise<QueueStats>;
}

type Labels = Readonly<Record<string, string>>;

/** What is counted for each queue, and what each count means. */
const COUNTERS: readonly [keyof ConsumerMetrics, name: string, help: string][] = [
  ['handled', 'handled', 'Messages that were handled and acknowledged.'],
  ['failed', 'failed', 'Times that a handler threw.'],
  ['retried', 'retried', 'Messages put aside for a later try.'],
  ['deadLettered', 'dead_lettered', 'Messages moved to the dead-letter stream.'],
  ['released', 'released', 'Messages given back to other consumers.'],
  ['takenOver', 'reclaimed', 'Messages reclaimed from a consumer that died.'],
];

const GAUGES: readonly [name: string, help: string, value: (stats: QueueStats) => number][] = [
  ['waiting', 'Messages that no consumer was given yet: the lag of the group.', (stats) => stats.waiting],
  ['pending', 'Messages that a consumer has and has not acknowledged.', (stats) => stats.pending],
  ['delayed', 'Messages put aside for a later try.', (stats) => stats.delayed],
  ['dead_letters', 'Messages in the dead-letter stream.', (stats) => stats.deadLetters],
  [
    'oldest_waiting_seconds',
    'Age of the oldest message that waits; 0 without one.',
    (stats) => (stats.oldestWaitingMs ?? 0) / 1000,
  ],
];

/**
 * What a service has done since it started, and what waits in its queues, as Prometheus text. What Redis does not tell
 * within `waitMs` is left out.
 */
export async function readMetrics(
  { service, instance }: { service: string; instance: string },
  consumers: readonly ObservedConsumer[],
  waitMs: number,
): Promise<string> {
  const text = new MetricsText();
  text.add('codegen_service_info', 'gauge', 'The service that tells this.', [[{ service, instance, version }, 1]]);
  const cpu = process.cpuUsage();
  text.add('process_cpu_seconds_total', 'counter', 'Time of the processor that the process has used.', [
    [{}, (cpu.user + cpu.system) / 1e6],
  ]);
  text.add('process_resident_memory_bytes', 'gauge', 'Memory of the process.', [[{}, process.memoryUsage.rss()]]);
  text.add('process_start_time_seconds', 'gauge', 'When the process started, in seconds since 1970.', [
    [{}, performance.timeOrigin / 1000],
  ]);
  // A consumer that ended and was started again counts with its successor.
  const queues = [...new Set(consumers.map(({ stream }) => stream))].map((stream) => {
    const own = consumers.filter((one) => one.stream === stream);
    return { own, labels: { service, queue: stream } };
  });
  for (const [key, name, help] of COUNTERS) {
    const samples = queues.map(({ own, labels }) => [labels, sum(own.map((one) => one.metrics()[key]))] as const);
    text.add(`codegen_messages_${name}_total`, 'counter', help, samples);
  }
  const running = queues.map(({ own, labels }) => [labels, sum(own.map((one) => one.metrics().running))] as const);
  text.add('codegen_handlers_running', 'gauge', 'Handlers that run now.', running);
  text.addHistogram(
    'codegen_message_duration_seconds',
    'How long the handling of a message took.',
    queues.map(({ own, labels }) => [labels, own.map((one) => one.durations())] as const),
  );
  const asked = await Promise.all(
    queues.map(async ({ own, labels }) => {
      const stats = await within(waitMs, (own[0] as ObservedConsumer).stats());
      return stats ? [{ labels, stats }] : [];
    }),
  );
  for (const [name, help, value] of GAUGES) {
    const samples = asked.flat().map(({ labels, stats }) => [labels, value(stats)] as const);
    text.add(`codegen_queue_${name}`, 'gauge', help, samples);
  }
  return text.toString();
}

/** What work comes to; undefined where it fails, or takes longer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  const outcome = await Promise.race([work.catch(() => undefined), late]);
  timer.abort();
  return outcome;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** The text format of Prometheus, version 0.0.4. */
class MetricsText {
  #text = '';

  /** Nothing where there is no sample. */
  add(name: string, type: 'counter' | 'gauge', help: string, samples: readonly (readonly [Labels, number])[]): void {
    if (samples.length === 0) return;
    this.#begin(name, type, help);
    for (const [labels, value] of samples) this.#line(name, labels, value);
  }

  addHistogram(name: string, help: string, samples: readonly (readonly [Labels, readonly Durations[]])[]): void {
    if (samples.length === 0) return;
    this.#begin(name, 'histogram', help);
    for (const [labels, parts] of samples) {
      const bounds = [...(parts[0] as Durations).bounds, Number.POSITIVE_INFINITY];
      let below = 0;
      bounds.forEach((bound, at) => {
        below += sum(parts.map(({ counts }) => counts[at] as number));
        const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
        this.#line(`${name}_bucket`, { ...labels, le }, below);
      });
      this.#line(`${name}_sum`, labels, sum(parts.map((one) => one.sum)));
      this.#line(`${name}_count`, labels, below);
    }
  }

  toString(): string {
    return this.#text;
  }

  #begin(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Labels, value: number): void {
    const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    this.#text += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  }
}
