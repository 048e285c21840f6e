import { MAX_SPEC_BYTES } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';

/**
 * Checks a spec as the server would, without sending it. It is never changed: not trimmed, no line ends rewritten.
 * @throws OrchestratorError SPEC_EMPTY, SPEC_TOO_LARGE, or VALIDATION_FAILED where it holds NUL
 */
export function checkSpec(spec: string): string {
  if (spec.trim() === '') throw new OrchestratorError('SPEC_EMPTY', 'the spec is empty: say what is wanted');
  const bytes = Buffer.byteLength(spec, 'utf8');
  if (bytes > MAX_SPEC_BYTES) {
    throw new OrchestratorError('SPEC_TOO_LARGE', `the spec has ${bytes} bytes; ${MAX_SPEC_BYTES} are allowed`);
  }
  if (spec.includes('\0')) throw new OrchestratorError('VALIDATION_FAILED', 'the spec holds a NUL character');
  return spec;
}
