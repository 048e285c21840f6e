import { BlockList, isIP } from 'node:net';
import { OrchestratorError } from '../errors.js';
import { directFetch, type Fetch, fetchTrusting } from './fetch.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])\.?$/i;

/**
 * The client to use for an address: straight, or through the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
 * NO_PROXY, in either case). Loopback never goes through a proxy. SSL_CERT_FILE names authorities to trust besides others.
 */
export async function fetchFor(url: URL, env: NodeJS.ProcessEnv = process.env): Promise<Fetch> {
  const proxy = LOOPBACK.test(url.hostname) ? undefined : proxyOf(url, env);
  const isTrusting = url.protocol === 'https:' && env.SSL_CERT_FILE;
  const trust = isTrusting
    ? await (await import('./authorities.js')).trustIn(isTrusting, env.NODE_EXTRA_CA_CERTS)
    : undefined;
  if (proxy === undefined) return trust ? fetchTrusting(trust) : directFetch;
  const { tunnelFetch } = await import('./tunnel-fetch.js');
  return tunnelFetch(proxy, trust);
}

/** The proxy that the environment names for an address. @throws OrchestratorError NOT_CONFIGURED where it is no HTTP proxy */
export function proxyOf(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const read = (name: string) => env[name.toLowerCase()] || env[name];
  const names = url.protocol === 'https:' ? ['HTTPS_PROXY', 'ALL_PROXY', 'HTTP_PROXY'] : ['HTTP_PROXY', 'ALL_PROXY'];
  const name = names.find(read);
  if (name === undefined || isExempt(url, read('NO_PROXY') ?? '')) return undefined;
  const text = read(name) as string;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && /^https?:$/.test(proxy.protocol)) return proxy;
  // Not the value: it may hold a password.
  const next = [{ command: `unset ${name}`, when: 'to go without a proxy' }];
  const message = `${name} names no HTTP proxy: set it to http://host:port, or unset it`;
  throw new OrchestratorError('NOT_CONFIGURED', message, { next });
}

/** Whether NO_PROXY names the host, its address in any spelling, a domain or range that it is in, or everything (`*`). */
function isExempt(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const name = bare(url.hostname);
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const isWhole = isIP(entry) !== 0 || entry.includes('/');
      const [given = '', only] = isWhole ? [entry] : entry.split(/:(?=\d+$)/);
      const host = bare(given.replace(/^\*?\./, ''));
      if (host === '' || (only !== undefined && only !== port)) return false;
      return host === '*' || name === host || name.endsWith(`.${host}`) || isWithin(name, host);
    });
}

/** A host without the brackets of IPv6 and the dot that ends a full name. */
function bare(host: string): string {
  return host.replace(/[[\]]|\.$/g, '');
}

/** Whether an address is this one, or of this range, such as 10.0.0.0/8. */
function isWithin(address: string, range: string): boolean {
  const [first = '', prefix] = range.split('/');
  if (isIP(address) === 0 || isIP(first) === 0) return false;
  const most = isIP(first) === 6 ? 128 : 32;
  const length = prefix === undefined ? most : /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (!(length <= most)) return false;
  const block = new BlockList();
  block.addSubnet(first, length, familyOf(first));
  return block.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
