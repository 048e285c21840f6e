import { z } from 'zod';
import { apiDatetime } from '../datetime.js';

export const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
  error: 'must look like an environment variable: letters, digits and _',
});
/** What every release is told; a secret cannot stand in its place. */
export const RELEASE_VARIABLES = ['PATH', 'HOME', 'HOST', 'PORT', 'RELEASE'] as const;
/** What decides which code a program runs before its own, or finds it by: a release's own, as the variables above. */
const LOADS_CODE =
  /^(NODE_(OPTIONS|PATH)|LD_.*|DYLD_.*|GCONV_PATH|BASH_.*|(BASH|SHELL)OPTS|PERL5.*|PYTHON(PATH|HOME|STARTUP)|RUBY(OPT|LIB)|.*JAVA_(TOOL_)?OPTIONS|RELEASE_RUN_ID)$/;
/** Whether a secret may not have this name. */
export function isReleaseVariable(name: string): boolean {
  return (RELEASE_VARIABLES as readonly string[]).includes(name) || LOADS_CODE.test(name);
}
/** A secret as it can be read: its value is write-only. */
export const secret = z
  .object({
    name: z.string().describe('The environment variable that the project reads it from'),
    reference: z.string().describe('What travels in its place: vault:project/<id>/NAME'),
    updated_at: apiDatetime('When its value was last written'),
  })
  .describe('A secret as it can be read: its value is write-only.');
export type Secret = z.infer<typeof secret>;

/** Characters that a secret may have. */
export const MAX_SECRET_LENGTH = 65_536;
export const putSecret = z
  .object({
    value: z
      .string()
      .min(1)
      .max(MAX_SECRET_LENGTH)
      .describe('The value, which is stored encrypted and not shown again'),
  })
  .describe('Stores a secret.');
/** Asks for what a vault reference stands for; a whole project gives its map. Needs the scope `secret.resolve`. */
export const resolveSecret = z
  .object({ reference: z.string().describe('vault:project/<id>, vault:project/<id>/NAME or vault:platform/NAME') })
  .describe('Asks for what a vault reference stands for; needs the scope secret.resolve.');
export const resolvedSecret = z
  .object({ values: z.record(z.string(), z.string()).describe('The values by name; a whole project gives all of its') })
  .describe('What a vault reference stands for. Never logged.');
export type ResolvedSecret = z.infer<typeof resolvedSecret>;
