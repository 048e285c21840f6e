import { identifier, secretName } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';

/** A path that is checked when its call is made, so that a bad value rejects the call rather than throwing before it. */
export type CheckedPath = () => string;

/**
 * Builds a path: each value becomes one segment.
 * The path throws OrchestratorError VALIDATION_FAILED where a value is no identifier.
 */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): CheckedPath {
  return () => parts.reduce((built, part, at) => built + segment(values[at - 1]) + part);
}

/** @throws OrchestratorError VALIDATION_FAILED where the text cannot name anything: `..`, `?`, `#`, `%`, control characters */
export function checkIdentifier(text: string): void {
  if (identifier.safeParse(text).success || secretName.safeParse(text).success) return;
  throw new OrchestratorError('VALIDATION_FAILED', `${JSON.stringify(text.slice(0, 80))} is not an identifier or name`);
}

function segment(value: string | number | undefined): string {
  const text = String(value);
  checkIdentifier(text);
  return encodeURIComponent(text);
}
