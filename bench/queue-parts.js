import { pairedRatio } from './statistics.js';

/** Rounds in which all sides take turns; a slow machine does fewer, so that all parts take at most five minutes. */
const ROUNDS = { least: 5, most: 9, seconds: 15 };
/** The prefetch that the SDK's README recommends for throughput. */
const PREFETCH = 100;

const entrant = (side, job, options, warmUp) => ({ side, job, options, warmUp: warmUp && { count: warmUp } });
const both = (figures, of = (figure) => figure) => pairedRatio(figures.ours.map(of), figures.bullmq.map(of));

/** Concurrent handlers, each with the number of messages for one or two seconds: of BullMQ, and of ours without prefetch. */
const CONSUMERS = [
  { concurrency: 1, count: 2000, ours: 4000 },
  { concurrency: 10, count: 4000, ours: 20_000 },
  { concurrency: 50, count: 5000, ours: 20_000 },
];

/** The parts: entrants that take turns, and the resulting ratios. The counts take half a second per turn or more. */
export const queueParts = [
  {
    name: 'publish, 256 outstanding',
    unit: 'messages/s',
    rounds: ROUNDS,
    entrants: {
      ours: entrant('ours', 'publish', { count: 30_000, outstanding: 256 }, 20_000),
      bullmq: entrant('bullmq', 'publish', { count: 10_000, outstanding: 256 }, 8000),
      raw: entrant('raw', 'publish', { count: 30_000, outstanding: 256 }, 20_000),
    },
    ratios: (figures) => ({
      publish_window256_vs_bullmq: both(figures),
      publish_vs_raw: pairedRatio(figures.ours, figures.raw),
    }),
  },
  {
    name: 'publish, one after the other',
    unit: 'messages/s',
    rounds: ROUNDS,
    entrants: {
      ours: entrant('ours', 'publish', { count: 5000, outstanding: 1 }, 4000),
      bullmq: entrant('bullmq', 'publish', { count: 3000, outstanding: 1 }, 4000),
    },
    ratios: (figures) => ({ publish_sequential_vs_bullmq: both(figures) }),
  },
  ...CONSUMERS.map(({ concurrency, count, ours }) => ({
    name: `consume, ${concurrency} at a time`,
    unit: 'messages/s',
    rounds: ROUNDS,
    entrants: {
      prefetching: entrant('ours', 'consume', { count: 20_000, concurrency, prefetch: PREFETCH }, 20_000),
      bullmq: entrant('bullmq', 'consume', { count, concurrency }, 4000),
      ours: entrant('ours', 'consume', { count: ours, concurrency }, 8000),
      ...(concurrency === 10 && { raw: entrant('raw', 'consume', { count: 20_000, prefetch: PREFETCH }, 20_000) }),
    },
    ratios: (figures) => ({
      [`consume_prefetch_c${concurrency}_vs_bullmq`]: pairedRatio(figures.prefetching, figures.bullmq),
      [`consume_c${concurrency}_vs_bullmq`]: both(figures),
      ...(figures.raw && { consume_vs_raw: pairedRatio(figures.prefetching, figures.raw) }),
    }),
  })),
  {
    name: 'idle publish to handler',
    unit: 'ms',
    rounds: ROUNDS,
    entrants: {
      ours: entrant('ours', 'latency', { count: 300 }, 300),
      bullmq: entrant('bullmq', 'latency', { count: 300 }, 300),
    },
    ratios: (figures) => ({
      latency_p50_vs_bullmq: both(figures, ({ p50 }) => p50),
      latency_p99_vs_bullmq: both(figures, ({ p99 }) => p99),
    }),
  },
  {
    // One round is enough: the number of bytes is always the same.
    name: 'memory of 100,000 waiting messages',
    unit: 'bytes',
    rounds: { least: 1, most: 1, seconds: 0 },
    entrants: {
      ours: entrant('ours', 'memory', { count: 100_000 }),
      bullmq: entrant('bullmq', 'memory', { count: 100_000 }),
    },
    ratios: (figures) => ({ memory_vs_bullmq: both(figures) }),
  },
];
