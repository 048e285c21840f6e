import { z } from 'zod';

// Published in the JSON Schemas too: [0-9], since \d is any digit of Unicode in other languages.
const PATTERN =
  /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?:([Zz])|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?$/;

/** Years have four digits, and our databases store none before year 1. */
const FIRST_MOMENT_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MOMENT_MS = Date.parse('9999-12-31T23:59:59.999Z');
/** Milliseconds of 400 years. */
const FOUR_CENTURIES_MS = 146_097 * 86_400_000;

/**
 * Reads a datetime from the wire as milliseconds since the epoch. Without a zone it is UTC, as in the Python peers.
 * Returns undefined if the text is not a datetime. Digits beyond milliseconds are dropped.
 */
export function wireDatetimeToMs(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Date would turn 31 February into a day of March.
  if (year === 0 || day > daysIn(year, month)) return undefined;
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  const ms = match[7] ? Number(match[7].padEnd(3, '0').slice(0, 3)) : 0;
  // Date reads years below 100 as 19xx; the calendar repeats every 400 years.
  const utcMs = Date.UTC(year + 400, month - 1, day, hour, minute, second, ms) - FOUR_CENTURIES_MS;
  if (!match[9]) return utcMs;
  const offsetMs = (Number(match[10]) * 60 + Number(match[11])) * 60_000;
  const moment = utcMs - (match[9] === '+' ? offsetMs : -offsetMs);
  // The zone offset may move it out of the supported years.
  return moment < FIRST_MOMENT_MS || moment > LAST_MOMENT_MS ? undefined : moment;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Now, as we write it on the wire: RFC 3339 in UTC with `Z`. */
export function wireNow(): string {
  return new Date().toISOString();
}

/**
 * A datetime on the wire. The string is kept as received; without a zone it is read as UTC. The JSON Schema has no `format`,
 * because RFC 3339 `date-time` requires a zone and validators would reject the others.
 */
export const wireDatetime = z
  .string()
  .refine((text) => wireDatetimeToMs(text) !== undefined, { error: 'not an ISO 8601 datetime' })
  .meta({ pattern: PATTERN.source, description: 'ISO 8601; UTC without a zone' });

/** A datetime that defaults to now. */
export function wireTimestamp(description: string) {
  return wireDatetime.default(wireNow).describe(`${description}. ISO 8601; UTC without a zone; default: now`);
}

/** A datetime that the API writes: RFC 3339 in UTC with `Z`. */
export function apiDatetime(description: string) {
  return z.iso.datetime().describe(`${description}. RFC 3339, UTC`);
}
