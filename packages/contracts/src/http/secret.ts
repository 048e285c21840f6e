import { z } from 'zod';

export const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
  error: 'must look like an environment variable: letters, digits and _',
});
/** A secret as it can be read: its value is write-only. */
export const secret = z.object({ name: z.string(), reference: z.string(), updated_at: z.string() });
export type Secret = z.infer<typeof secret>;

export const putSecret = z.object({ value: z.string().min(1).max(65_536) });
/** Asks for what a vault reference stands for; a whole project gives its map. Needs the scope `secret.resolve`. */
export const resolveSecret = z.object({ reference: z.string() });
export const resolvedSecret = z.object({ values: z.record(z.string(), z.string()) });
export type ResolvedSecret = z.infer<typeof resolvedSecret>;
