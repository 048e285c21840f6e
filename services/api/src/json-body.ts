import { isTooDeep } from '@codegen/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.js';

const MAX_LEVELS = 200;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a JSON body. Bytes that are no UTF-8 are refused rather than replaced: a spec arrives to the letter or not at all. */
export async function parseJsonBody(_request: FastifyRequest, body: string | Buffer): Promise<unknown> {
  // A mutation without input may come with the content type and nothing else.
  if (body.length === 0) return undefined;
  let text: string;
  try {
    text = typeof body === 'string' ? body : utf8.decode(body);
  } catch {
    throw new ApiError('VALIDATION_FAILED', 'the body is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the body, which may hold a secret.
    throw new ApiError('VALIDATION_FAILED', 'the body is not JSON');
  }
  // Validating and storing walk down all of it. A message may nest half as deep, and come within a result.
  if (isTooDeep(value, MAX_LEVELS)) {
    throw new ApiError('VALIDATION_FAILED', `the body is nested deeper than ${MAX_LEVELS} levels`);
  }
  return value;
}
