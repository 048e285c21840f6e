import { OrchestratorError } from '@codegen/sdk/errors';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads `90s`, `15m`, `1h30m`, `7d` or `500ms`; a bare number is seconds. Returns milliseconds.
 * @throws OrchestratorError USAGE
 */
export function parseDuration(text: string, flag: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(?<!\d)(\d+)(ms|s|m|h|d)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit as string] as number), 0);
  }
  throw new OrchestratorError('USAGE', `${flag} takes a duration such as 90s, 15m or 1h30m`);
}

/** As `parseDuration`, where there is one to read. */
export function optionalDuration(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseDuration(text, flag);
}

/**
 * Reads when something ends: a day or datetime (without a zone, UTC), or how long from now, `90d` or `12h`. Returns it
 * as RFC 3339. @throws OrchestratorError USAGE
 */
export function parseExpiry(text: string, flag: string, nowMs = Date.now()): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return new Date(nowMs + Number(days) * 86_400_000).toISOString();
  if (/^(\d+(ms|s|m|h))+$/.test(text)) return new Date(nowMs + parseDuration(text, flag)).toISOString();
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(zoned))) return new Date(zoned).toISOString();
  throw new OrchestratorError('USAGE', `${flag} takes a date such as 2030-01-31, or how long from now, such as 90d`);
}

/** Seconds as a person says them: `8s`, `1m 12s`, `2h 05m`. */
export function formatSeconds(totalSeconds: number): string {
  const seconds = Math.max(0, Math.round(totalSeconds));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}
