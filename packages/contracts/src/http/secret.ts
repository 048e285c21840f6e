import { z } from 'zod';
import { apiDatetime } from '../datetime.js';

export const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
  error: 'must look like an environment variable: letters, digits and _',
});
/** Variables that every release receives; a secret cannot replace them. */
export const RELEASE_VARIABLES = ['PATH', 'HOME', 'HOST', 'PORT', 'RELEASE'] as const;
/** Variables that make a program load other code; a secret cannot set them either. */
const LOADS_CODE =
  /^(NODE_(OPTIONS|PATH)|LD_.*|DYLD_.*|GCONV_PATH|BASH_.*|(BASH|SHELL)OPTS|PERL5.*|PYTHON(PATH|HOME|STARTUP)|RUBY(OPT|LIB)|.*JAVA_(TOOL_)?OPTIONS|RELEASE_RUN_ID)$/;
/** Whether this name is reserved, so that no secret may have it. */
export function isReleaseVariable(name: string): boolean {
  return (RELEASE_VARIABLES as readonly string[]).includes(name) || LOADS_CODE.test(name);
}
/** A secret without its value, which is write-only. */
export const secret = z
  .object({
    name: z.string().describe('Environment variable that holds the secret in a release'),
    reference: z.string().describe('Reference to the value: vault:project/<id>/NAME'),
    updated_at: apiDatetime('When its value was last written'),
  })
  .describe('A secret without its value, which is write-only.');
export type Secret = z.infer<typeof secret>;

/** Maximum characters of a secret. */
export const MAX_SECRET_LENGTH = 65_536;
export const putSecret = z
  .object({
    value: z.string().min(1).max(MAX_SECRET_LENGTH).describe('The value; stored encrypted and never shown again'),
  })
  .describe('Stores a secret.');
/** Resolves a vault reference; a project reference resolves to all its secrets. Requires the scope `secret.resolve`. */
export const resolveSecret = z
  .object({ reference: z.string().describe('vault:project/<id>, vault:project/<id>/NAME or vault:platform/NAME') })
  .describe('Resolves a vault reference; requires the scope secret.resolve.');
export const resolvedSecret = z
  .object({ values: z.record(z.string(), z.string()).describe('Values by name; all values for a project reference') })
  .describe('Values of a vault reference. Never logged.');
export type ResolvedSecret = z.infer<typeof resolvedSecret>;
