const VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * The fetch to use for an address: the platform's own, or one that goes through the proxy of the environment.
 * Loopback never goes through a proxy. undici is loaded only when a proxy is set.
 */
export async function fetchFor(url: URL, env: NodeJS.ProcessEnv = process.env): Promise<typeof fetch> {
  if (LOOPBACK.test(url.hostname) || !VARIABLES.some((name) => env[name])) return fetch;
  const { EnvHttpProxyAgent, fetch: proxiedFetch } = await import('undici');
  const all = env.ALL_PROXY ?? env.all_proxy;
  const dispatcher = new EnvHttpProxyAgent({
    ...(all && !env.HTTP_PROXY && !env.http_proxy && { httpProxy: all }),
    ...(all && !env.HTTPS_PROXY && !env.https_proxy && { httpsProxy: all }),
  });
  // undici's own fetch goes with undici's own dispatcher: the platform's may be of another major version.
  return ((input: string, init: object) => proxiedFetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
