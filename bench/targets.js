/** @typedef {{ atLeast?: number, atMost?: number }} Target */

/**
 * Least or greatest ratios of our figures to those of others.
 * @type {Record<string, Target>}
 */
export const queueTargets = {
  publish_window256_vs_bullmq: { atLeast: 3 },
  publish_sequential_vs_bullmq: { atLeast: 1.6 },
  publish_vs_raw: { atLeast: 0.7 },
  consume_prefetch_c1_vs_bullmq: { atLeast: 20 },
  consume_prefetch_c10_vs_bullmq: { atLeast: 10 },
  consume_prefetch_c50_vs_bullmq: { atLeast: 7 },
  consume_c1_vs_bullmq: { atLeast: 2 },
  consume_c10_vs_bullmq: { atLeast: 5 },
  consume_c50_vs_bullmq: { atLeast: 6 },
  consume_vs_raw: { atLeast: 0.6 },
  latency_p50_vs_bullmq: { atMost: 0.4 },
  latency_p99_vs_bullmq: { atMost: 1 },
  memory_vs_bullmq: { atMost: 0.5 },
};

/**
 * Ratios of the start time of the packed command line to that of `node -e 0`, or of heroku's.
 * @type {Record<string, Target>}
 */
export const cliTargets = {
  version_vs_node: { atMost: 1.25 },
  help_vs_node: { atMost: 1.25 },
  nothing_vs_node: { atMost: 2 },
  project_list_vs_node: { atMost: 3 },
  help_vs_heroku: { atMost: 0.1 },
};

/**
 * Rates a ratio: `met`; `missed`, which is printed but no failure; `failed` below half of the target, or above double of a
 * limit; `missing` without a figure.
 * @param {unknown} ratio
 * @param {Target} target
 */
export function rate(ratio, { atLeast, atMost }) {
  if (typeof ratio !== 'number' || !Number.isFinite(ratio)) return 'missing';
  if (atLeast !== undefined) return ratio >= atLeast ? 'met' : ratio >= atLeast / 2 ? 'missed' : 'failed';
  return ratio <= atMost ? 'met' : ratio <= atMost * 2 ? 'missed' : 'failed';
}

/**
 * Rates every target: a row each, and whether none is failed or missing.
 * @param {Record<string, unknown> | undefined} ratios
 */
export function check(ratios, targets = queueTargets) {
  const rows = Object.entries(targets).map(([figure, target]) => {
    const ratio = ratios?.[figure];
    return { figure, target, ratio, rating: rate(ratio, target) };
  });
  return { rows, ok: rows.every(({ rating }) => rating === 'met' || rating === 'missed') };
}

/** The rows as a Markdown table. */
export function table(rows) {
  const lines = rows.map(({ figure, target, ratio, rating }) => [
    figure,
    target.atLeast !== undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`,
    Number.isFinite(ratio) ? ratio.toFixed(2) : '–',
    rating,
  ]);
  const all = [['figure', 'target', 'ratio', 'rating'], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const [head, ...rest] = all.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  return [head, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest].join('\n');
}
