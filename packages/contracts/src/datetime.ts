import { z } from 'zod';

// Published in the JSON Schemas too: [0-9], since \d is any digit of Unicode in other languages.
const PATTERN =
  /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?:([Zz])|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?$/;

/** Dates have four digits for their year, and no database of ours keeps one before the first. */
const FIRST_MOMENT_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_MOMENT_MS = Date.parse('9999-12-31T23:59:59.999Z');
/** Milliseconds of 400 years. */
const FOUR_CENTURIES_MS = 146_097 * 86_400_000;

/**
 * Reads a datetime from the wire as milliseconds since the epoch. Without a zone it is UTC, as the Python peers mean it.
 * Returns undefined where the text is no datetime. Digits beyond milliseconds are cut.
 */
export function wireDatetimeToMs(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Date would roll 31 February over to March.
  if (year === 0 || day > daysIn(year, month)) return undefined;
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  const ms = match[7] ? Number(match[7].padEnd(3, '0').slice(0, 3)) : 0;
  // Date takes the years below 100 for those of the last century; the calendar repeats itself every 400 years.
  const utcMs = Date.UTC(year + 400, month - 1, day, hour, minute, second, ms) - FOUR_CENTURIES_MS;
  if (!match[9]) return utcMs;
  const offsetMs = (Number(match[10]) * 60 + Number(match[11])) * 60_000;
  const moment = utcMs - (match[9] === '+' ? offsetMs : -offsetMs);
  // Its zone may lead out of the years that can be written.
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
 * A datetime on the wire. It stays the string it was: a naive one is not rewritten, only read as UTC. Its JSON Schema has
 * no `format`, for the naive ones are no `date-time` of RFC 3339, and validators would refuse them.
 */
export const wireDatetime = z
  .string()
  .refine((text) => wireDatetimeToMs(text) !== undefined, { error: 'not an ISO 8601 datetime' })
  .meta({ pattern: PATTERN.source, description: 'ISO 8601; without a zone it is UTC' });

/** A datetime that the writer may leave out: now. */
export function wireTimestamp(description: string) {
  return wireDatetime
    .default(wireNow)
    .describe(`${description}. ISO 8601; read as UTC without a zone; now where left out`);
}

/** A datetime that the API writes: RFC 3339 in UTC with `Z`. */
export function apiDatetime(description: string) {
  return z.iso.datetime().describe(`${description}. RFC 3339, UTC`);
}
