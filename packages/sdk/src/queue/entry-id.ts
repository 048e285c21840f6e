/** Orders ids of stream entries, for `sort`; a bare number is an id whose sequence is 0. */
export function compareEntryIds(a: string, b: string): number {
  const [[aMs, aSequence], [bMs, bSequence]] = [partsOf(a), partsOf(b)];
  return aMs - bMs || aSequence - bSequence;
}

/** The first id after this one. */
export function idAfter(id: string): string {
  const [ms, sequence] = partsOf(id);
  return `${ms}-${sequence + 1}`;
}

/** Milliseconds and sequence of an entry id. */
export function partsOf(id: string): [ms: number, sequence: number] {
  const [ms, sequence = '0'] = id.split('-');
  return [Number(ms), Number(sequence)];
}
