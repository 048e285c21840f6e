import fc, { type Arbitrary } from 'fast-check';

/** Seed of all generated data: the same in each run unless FC_SEED says otherwise. A failure prints it. */
export const seed = Number(process.env.FC_SEED ?? 20_260_110);
if (!Number.isInteger(seed)) throw new Error('FC_SEED must be an integer');

/** Generates a number of values, the same in each run. */
export function samples<T>(arbitrary: Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}
