import { z } from 'zod';

// Published in the JSON Schemas too: [0-9], since \d is any digit of Unicode in other languages.
const PATTERN =
  /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?:([Zz])|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?$/;

/**
 * Reads a datetime from the wire as milliseconds since the epoch. Without a zone it is UTC, as the Python peers mean it.
 * Returns undefined where the text is no datetime. Digits beyond milliseconds are cut.
 */
export function wireDatetimeToMs(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, ms);
  // Date rolls 31 February over to March: what does not come back as written was no date.
  if (date.getUTCDate() !== day || year === 0) return undefined;
  if (!match[9]) return date.getTime();
  const offsetMs = (Number(match[10]) * 60 + Number(match[11])) * 60_000;
  return date.getTime() - (match[9] === '+' ? offsetMs : -offsetMs);
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
  return z.string().meta({ format: 'date-time', description: `${description}. RFC 3339, UTC` });
}
