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
  'http2-settings',
  'expect',
]);

/** Headers that a `Connection` header cannot remove: without them the next hop would misread the message. */
const KEPT = new Set(['host', 'content-length']);

/**
 * What proxies say about the client. Here is the edge: what a client says about itself is its own invention. `Proxy` becomes
 * the variable HTTP_PROXY in releases that are run by CGI.
 */
const CLIENTS_WORD =
  /^((x-)?forwarded(-.*)?|x-real-ip|(x-|true-|fastly-|x-cluster-|(wl-)?proxy-)?client-ip|cf-connecting-ip|x-envoy-.*|x-host|x-original-.*|x-rewrite-url|x-url-scheme|front-end-https|proxy)$/;

/** What no trailer may say (RFC 9110, section 6.5.1): framing, routing, authentication, how a body is read. */
const NO_TRAILER =
  /^(content-(length|encoding|type|range|location)|trailer|host|authorization|(set-)?cookie2?|www-authenticate|authentication-info|if-.*|range|cache-control|pragma|max-forwards|age|date|expires|location|retry-after|vary|warning)$/;

export interface ClientConnection {
  readonly remoteAddress?: string | undefined;
  /** Where the client connected to; the host for clients that name none, as HTTP/1.0 allows. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** The end-to-end headers among these, in order and with their duplicates; both flat lists of names and values. */
export function endToEndHeaders(raw: readonly string[]): string[] {
  const named = new Set(listed(valuesOf(raw, 'connection')));
  // Trailers can only follow a body in chunks.
  if (valuesOf(raw, 'transfer-encoding').length === 0) named.add('trailer');
  return filter(raw, (name) => !HOP_BY_HOP.has(name) && (KEPT.has(name) || !named.has(name)));
}

/** The path and query of a request's target, also of one that names its host; undefined where it is neither. */
export function pathOf(target: string, method: string | undefined, host: string | undefined): string | undefined {
  if (target.includes('#')) return undefined;
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) return target;
  const [whole, authority] = /^https?:\/\/([^/?]+)/i.exec(target) ?? [];
  if (whole === undefined || authority?.toLowerCase() !== host?.toLowerCase()) return undefined;
  const rest = target.slice(whole.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** What lists of names in headers hold, in lower case. */
export function listed(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase());
}

/** What a release gets of a client's request headers, with X-Forwarded-For, -Proto, -Host and -Port of our own. */
export function requestHeaders(raw: readonly string[], client: ClientConnection): string[] {
  const headers = filter(endToEndHeaders(raw), (name) => !isClientsWord(name));
  const host = valuesOf(raw, 'host')[0] ?? `${client.localAddress}:${client.localPort}`;
  if (valuesOf(raw, 'host').length === 0) headers.push('Host', host);
  // A body of unknown length needs its framing named: nothing else tells the release where it ends.
  if (valuesOf(raw, 'transfer-encoding').length > 0) headers.push('Transfer-Encoding', 'chunked');
  if (valuesOf(raw, 'te').some((value) => /\btrailers\b/i.test(value))) headers.push('TE', 'trailers');
  headers.push('X-Forwarded-For', client.remoteAddress ?? 'unknown');
  headers.push('X-Forwarded-Proto', 'http');
  headers.push('X-Forwarded-Host', host);
  headers.push('X-Forwarded-Port', String(client.localPort));
  return headers;
}

/** The trailers among these that may pass, as a list of pairs. */
export function passableTrailers(raw: readonly string[]): [string, string][] {
  const trailers = filter(raw, (name) => !HOP_BY_HOP.has(name) && !NO_TRAILER.test(name) && !isClientsWord(name));
  return trailers.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, trailers[index + 1] as string]] : [],
  );
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

/** Many servers read `_` in a name as `-`: so must not come in disguise what frames or addresses a message. */
function isClientsWord(name: string): boolean {
  const read = name.replaceAll('_', '-');
  return CLIENTS_WORD.test(read) || (read !== name && (HOP_BY_HOP.has(read) || KEPT.has(read)));
}
