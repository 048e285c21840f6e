import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.js';

/** A megabyte of spec, written as JSON with room for escapes. */
const BODY_LIMIT_BYTES = 2.5 * 1024 * 1024;
/** A message may nest half as deep, and come within a result. */
const MAX_LEVELS = 200;
/** Far more than a full batch of events has. Validating and storing take time for each. */
const MAX_VALUES = 50_000;

/** Each chunk of a body takes time, whatever its size: after so many they must have this many bytes on average. */
const FREE_CHUNKS = 10_000;
const LEAST_CHUNK_BYTES = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a JSON body. Bytes that are no UTF-8 are refused rather than replaced: a spec arrives to the letter or not at all. */
export async function readJsonBody(request: FastifyRequest, payload: NodeJS.ReadableStream): Promise<unknown> {
  const body = await readAll(payload, Number(request.headers['content-length']), () => tooLarge(request));
  // A mutation without input may come with the content type and nothing else.
  if (body.length === 0) return undefined;
  const refusal = whyTooMuch(body);
  if (refusal) throw new ApiError('VALIDATION_FAILED', refusal);
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new ApiError('VALIDATION_FAILED', 'the body is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the body, which may hold a secret.
    throw new ApiError('VALIDATION_FAILED', 'the body is not JSON');
  }
}

/** All bytes, copied as they come: in chunks of one byte each they would take hundreds of times their size. */
function readAll(payload: NodeJS.ReadableStream, announced: number, refusal: () => ApiError): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (announced > BODY_LIMIT_BYTES) return reject(refusal());
    let bytes = Buffer.allocUnsafe(16 * 1024);
    let length = 0;
    let chunks = 0;
    const take = (chunk: Buffer) => {
      const needed = length + chunk.length;
      chunks += 1;
      const isInCrumbs = chunks > FREE_CHUNKS && needed < chunks * LEAST_CHUNK_BYTES;
      if (needed > BODY_LIMIT_BYTES || isInCrumbs) {
        payload.removeListener('data', take);
        return reject(isInCrumbs ? inCrumbs() : refusal());
      }
      if (needed > bytes.length) bytes = Buffer.concat([bytes.subarray(0, length)], Math.max(needed, 2 * bytes.length));
      length += chunk.copy(bytes, length);
    };
    payload.on('data', take);
    payload.once('end', () => resolve(bytes.subarray(0, length)));
    payload.once('error', () => reject(new ApiError('VALIDATION_FAILED', 'the body broke off: send it again')));
  });
}

function inCrumbs(): ApiError {
  return new ApiError(
    'VALIDATION_FAILED',
    `the body comes in chunks of less than ${LEAST_CHUNK_BYTES} bytes: send larger ones`,
  );
}

function tooLarge({ routeOptions }: FastifyRequest): ApiError {
  if (routeOptions.url !== '/tasks') {
    return new ApiError('VALIDATION_FAILED', 'the request is larger than 2.5 MiB', { status: 413 });
  }
  return new ApiError('SPEC_TOO_LARGE', 'the request is larger than 2.5 MiB; a spec may have 1 MiB');
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Why JSON is refused before it is parsed; undefined where it nests and holds no more than it may. */
function whyTooMuch(json: Buffer): string | undefined {
  let levels = 0;
  let values = 1;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      levels += 1;
      values += 1;
      if (levels > MAX_LEVELS) return `the body is nested deeper than ${MAX_LEVELS} levels`;
    } else if (byte === 0x7d || byte === 0x5d) {
      levels -= 1;
    } else if (byte === COMMA) {
      values += 1;
    }
    if (values > MAX_VALUES) return `the body holds more than ${MAX_VALUES} values: send it in parts`;
  }
  return undefined;
}
