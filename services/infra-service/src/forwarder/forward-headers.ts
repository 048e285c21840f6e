/** Headers that speak about one connection only (RFC 9110, section 7.6.1), and `expect`, which is answered here. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Headers that a `Connection` header cannot remove: without them the next hop would misread the message. */
const KEPT = new Set(['host', 'content-length', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']);

export interface ClientConnection {
  readonly remoteAddress: string | undefined;
  /** Host for clients that name none, as HTTP/1.0 allows. */
  readonly fallbackHost: string;
}

/** The end-to-end headers among these, in order and with their duplicates; both flat lists of names and values. */
export function endToEndHeaders(raw: readonly string[]): string[] {
  const named = new Set(valuesOf(raw, 'connection').flatMap((value) => value.toLowerCase().split(/\s*,\s*/)));
  return filter(raw, (name) => !HOP_BY_HOP.has(name) && (KEPT.has(name) || !named.has(name)));
}

/** What a release gets of a client's request headers, with X-Forwarded-For, -Proto and -Host. */
export function requestHeaders(raw: readonly string[], client: ClientConnection): string[] {
  const headers = filter(endToEndHeaders(raw), (name) => name !== 'x-forwarded-for');
  const host = valuesOf(raw, 'host')[0];
  if (host === undefined) headers.push('Host', client.fallbackHost);
  // A body of unknown length needs its framing named: nothing else tells the release where it ends.
  if (valuesOf(raw, 'transfer-encoding').length > 0) headers.push('Transfer-Encoding', 'chunked');
  const addresses = [...valuesOf(raw, 'x-forwarded-for'), client.remoteAddress ?? 'unknown'];
  headers.push('X-Forwarded-For', addresses.join(', '));
  if (valuesOf(raw, 'x-forwarded-proto').length === 0) headers.push('X-Forwarded-Proto', 'http');
  if (valuesOf(raw, 'x-forwarded-host').length === 0) headers.push('X-Forwarded-Host', host ?? client.fallbackHost);
  return headers;
}

/** Whether a message with these headers has a body. */
export function hasBody(raw: readonly string[]): boolean {
  if (valuesOf(raw, 'transfer-encoding').length > 0) return true;
  return valuesOf(raw, 'content-length').some((value) => Number(value) !== 0);
}

/** Every value of a header, by its lower-case name. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

function filter(raw: readonly string[], keep: (name: string) => boolean): string[] {
  return raw.filter((_, index) => keep((raw[index - (index % 2)] as string).toLowerCase()));
}
