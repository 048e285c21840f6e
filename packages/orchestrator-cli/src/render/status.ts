import type { Screen } from '../kit/screen.js';

const GOOD = new Set(['completed', 'active', 'built', 'scaffolded', 'ok']);
const BAD = new Set(['failed', 'scaffold_failed', 'cancelled']);
const BUSY = new Set(['running', 'scaffolding', 'developing', 'testing', 'deploying']);

/** A status in its colour. */
export function paintStatus(text: string, status: string, { paint }: Screen): string {
  if (GOOD.has(status)) return paint.green(text);
  if (BAD.has(status)) return paint.red(text);
  return BUSY.has(status) ? paint.cyan(text) : paint.dim(text);
}

/** How long ago, as a person says it. */
export function ago(datetime: string, nowMs = Date.now()): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(datetime)) / 1000));
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}
