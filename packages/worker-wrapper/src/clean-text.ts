import { type Bounds, boundedText, type Redactor, withoutEscapes } from '@codegen/sdk/text';

/**
 * Makes the text of an agent or its tools safe to leave the worker: without escape sequences, which could hide a secret,
 * redacted, storable, and within its limit. It is cut last, so that no half of a secret remains.
 */
export function cleanText(text: string, redactor: Redactor, bounds: Bounds): string {
  return boundedText(redactor.clean(withoutEscapes(text)), bounds);
}
