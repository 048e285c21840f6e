/** A moment as the API writes it: ISO 8601 in UTC. */
export function iso(date: Date): string {
  return date.toISOString();
}

/** As `iso`, for a moment that may not have come yet. */
export function isoOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
