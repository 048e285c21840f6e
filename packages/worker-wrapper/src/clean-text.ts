import { type Bounds, boundedText, type Redactor, withoutEscapes } from '@codegen/sdk/text';

/**
 * What an agent or one of its tools wrote, as it may leave the worker: without colours, since a secret with one inside
 * would not be seen, without secrets, storable and no longer than its limit. Cut last, so that no half of a secret is left.
 */
export function cleanText(text: string, redactor: Redactor, bounds: Bounds): string {
  return boundedText(redactor.clean(withoutEscapes(text)), bounds);
}
