/** How long the handling of messages took, as a histogram in seconds. */
export interface Durations {
  /** Upper bounds of the buckets, the last one left out: it has none. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket; one more than bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Agents take minutes, most messages milliseconds. */
const BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800];

/** Counts durations. */
export class DurationCounter implements Durations {
  readonly bounds = BOUNDS;
  readonly counts = new Array<number>(BOUNDS.length + 1).fill(0);
  sum = 0;

  record(seconds: number): void {
    let at = 0;
    while (at < BOUNDS.length && seconds > (BOUNDS[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += seconds;
  }
}
