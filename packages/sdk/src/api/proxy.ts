import { OrchestratorError } from '../errors.js';
import { directFetch, type Fetch } from './fetch.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * The client to use for an address: straight, or through the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
 * NO_PROXY, in either case). Loopback never goes through a proxy.
 */
export async function fetchFor(url: URL, env: NodeJS.ProcessEnv = process.env): Promise<Fetch> {
  const proxy = LOOPBACK.test(url.hostname) ? undefined : proxyOf(url, env);
  if (proxy === undefined) return directFetch;
  const { tunnelFetch } = await import('./tunnel-fetch.js');
  return tunnelFetch(proxy);
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

/** Whether NO_PROXY names the host, a domain above it, or everything (`*`). */
function isExempt(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((entry) => {
    const [, host = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase().replace(/^\*?\./, '')) ?? [];
    if (host === '' || (only !== undefined && only !== port)) return false;
    return host === '*' || url.hostname === host || url.hostname.endsWith(`.${host}`);
  });
}
