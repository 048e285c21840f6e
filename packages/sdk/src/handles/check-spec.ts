import { MAX_SPEC_BYTES } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';

/**
 * Checks a spec as the server does, without sending it. Never changes it: does not trim it or rewrite line ends.
 * @throws OrchestratorError SPEC_EMPTY, SPEC_TOO_LARGE, or VALIDATION_FAILED if it contains NUL
 */
export function checkSpec(spec: string): string {
  if (spec.trim() === '') throw new OrchestratorError('SPEC_EMPTY', 'the spec is empty: describe what to build');
  const bytes = Buffer.byteLength(spec, 'utf8');
  if (bytes > MAX_SPEC_BYTES) {
    throw new OrchestratorError(
      'SPEC_TOO_LARGE',
      `the spec has ${bytes} bytes; ${MAX_SPEC_BYTES} are allowed: shorten it`,
    );
  }
  if (spec.includes('\0'))
    throw new OrchestratorError('VALIDATION_FAILED', 'the spec contains a NUL character: remove it');
  return spec;
}
