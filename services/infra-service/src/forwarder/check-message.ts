import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import { endToEndHeaders, passableTrailers, pathOf, valuesOf } from './forward-headers.js';

/** Why a request is not passed on, as it is answered. */
export interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

/** The head of an answer as it is passed on. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string | undefined;
  readonly headers: string[];
}

/** A release's answer cannot be passed on. */
export class UnpassableError extends Error {
  override readonly name = 'UnpassableError';
}

/** What Node's parser lets through and no release should have to read differently than we do; undefined for a good one. */
export function requestRefusal(incoming: IncomingMessage, maxHeaders: number): Refusal | undefined {
  const { rawHeaders, httpVersion } = incoming;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return { status: 505, sentence: `HTTP/${httpVersion} is not spoken here: use HTTP/1.1.` };
  }
  if (rawHeaders.length / 2 > maxHeaders) {
    return { status: 431, sentence: `The request has more than ${maxHeaders} headers: send fewer.` };
  }
  const hosts = valuesOf(rawHeaders, 'host');
  if (hosts.length > 1) return { status: 400, sentence: 'The request has several Host headers: send one.' };
  if (hosts[0] && !/^[\w.~:[\]!$&'()*+;=%-]+$/.test(hosts[0])) {
    return { status: 400, sentence: 'The Host header is no host: send a name or an address, and a port where needed.' };
  }
  if (pathOf(incoming.url ?? '', incoming.method, hosts[0]) === undefined) {
    return { status: 400, sentence: 'The target is no path of the host in the Host header: send the path alone.' };
  }
  const codings = valuesOf(rawHeaders, 'transfer-encoding');
  if (codings.length === 0) return undefined;
  if (httpVersion === '1.0') {
    return { status: 400, sentence: 'HTTP/1.0 has no Transfer-Encoding: send Content-Length, or use HTTP/1.1.' };
  }
  if (codings.length === 1 && codings[0]?.toLowerCase() === 'chunked') return undefined;
  if (!/(^|[\t ,])chunked$/i.test(codings.at(-1) ?? '')) {
    return { status: 400, sentence: 'The last transfer coding is not chunked: nothing tells where the body ends.' };
  }
  return { status: 501, sentence: 'Of transfer codings only chunked is known here: leave the others out.' };
}

/**
 * What is passed on of a release's answer. Node's parser takes more than its writer lets out.
 * @throws {UnpassableError}
 */
export function passableHead(answer: IncomingMessage, request: IncomingMessage): AnswerHead {
  const status = answer.statusCode ?? 0;
  if (status < 101 || status > 999) throw new UnpassableError(`its status is ${status}`);
  const reason = answer.statusMessage || undefined;
  if (reason && !isText(reason)) throw new UnpassableError('its reason phrase holds control characters');
  const codings = valuesOf(answer.rawHeaders, 'transfer-encoding');
  if (codings.length > 1 || (codings[0] ?? 'chunked').toLowerCase() !== 'chunked') {
    throw new UnpassableError('its transfer coding is another than chunked');
  }
  const bodiless = request.method === 'HEAD' || status === 101 || status === 204 || status === 304;
  let headers = endToEndHeaders(answer.rawHeaders);
  // With 204 there is no body whose length could be told; clients would wait for it.
  if (status === 101 || status === 204) headers = without(headers, 'content-length');
  if (bodiless || request.httpVersion === '1.0') headers = without(headers, 'trailer');
  headers.forEach((name, index) => {
    if (index % 2 === 0) checkField(name, headers[index + 1] as string);
  });
  return { status, reason, headers };
}

/**
 * The trailers that are passed on.
 * @throws {UnpassableError}
 */
export function checkedTrailers(raw: readonly string[]): [string, string][] {
  const trailers = passableTrailers(raw);
  for (const [name, value] of trailers) checkField(name, value);
  return trailers;
}

function checkField(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (error) {
    throw new UnpassableError('a header of it is malformed', { cause: error });
  }
}

function isText(text: string): boolean {
  return [...text].every((character) => character === '\t' || (character >= ' ' && character !== '\x7f'));
}

function without(raw: readonly string[], unwanted: string): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== unwanted);
}
