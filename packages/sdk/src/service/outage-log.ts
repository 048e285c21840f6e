import { type Logger, rootOf } from '../queue/logger.js';
import { textOf } from '../text/error-text.js';

/** What a service works with, as its log calls it. */
export type Needed = 'the API' | 'Redis' | 'the database' | 'the OTLP endpoint';

/** Milliseconds between two lines about what is away. */
const TELL_EVERY_MS = 60_000;

interface Outage {
  /** When it began; undefined while all is well. */
  sinceMs?: number | undefined;
  /** Whether a line has told of it. */
  told: boolean;
  /** When a line told of one the last time. */
  toldMs: number;
}

const outages = new WeakMap<Logger, Map<Needed, Outage>>();

/**
 * Tells that something is away: one line when it goes, and one a minute while it stays away, from however many parts of
 * a service say so. What each of them was doing is a line of the level debug.
 */
export function sayAway(logger: Logger, what: Needed, error: unknown, doing: string): void {
  const root = rootOf(logger);
  const known = outages.get(root) ?? new Map<Needed, Outage>();
  outages.set(root, known);
  const outage = known.get(what) ?? { told: false, toldMs: Number.NEGATIVE_INFINITY };
  known.set(what, outage);
  const nowMs = performance.now();
  const begins = outage.sinceMs === undefined;
  outage.sinceMs ??= nowMs;
  logger.debug({ error: textOf(error) }, doing);
  if (nowMs - outage.toldMs < TELL_EVERY_MS) return;
  const away_s = begins ? undefined : Math.round((nowMs - outage.sinceMs) / 1000);
  root.warn({ error: textOf(error), doing, away_s }, `${what} is ${outage.told ? 'still ' : ''}away, trying again`);
  outage.told = true;
  outage.toldMs = nowMs;
}

/** Tells that it is back, where a line had told that it was away. */
export function sayBack(logger: Logger, what: Needed): void {
  const root = rootOf(logger);
  const outage = outages.get(root)?.get(what);
  if (outage?.sinceMs === undefined) return;
  if (outage.told) root.info({ away_s: Math.round((performance.now() - outage.sinceMs) / 1000) }, `${what} is back`);
  outage.sinceMs = undefined;
  outage.told = false;
}
