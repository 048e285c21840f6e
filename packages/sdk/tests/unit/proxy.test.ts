import { describe, expect, it } from 'vitest';
import { proxyOf } from '../../src/api/proxy.js';

const of = (address: string, env: NodeJS.ProcessEnv) => proxyOf(new URL(address), env)?.href;

describe('the proxy of the environment', () => {
  it('is the one for the address’s scheme, or the one for all', () => {
    const env = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2', ALL_PROXY: 'http://all:3' };

    expect(of('https://api.example.com', env)).toBe('http://secure:1/');
    expect(of('http://api.example.com', env)).toBe('http://plain:2/');
    expect(of('https://api.example.com', { ALL_PROXY: env.ALL_PROXY })).toBe('http://all:3/');
    expect(of('http://api.example.com', { HTTPS_PROXY: env.HTTPS_PROXY })).toBeUndefined();
  });

  it('may be named in lower case, which wins, and without a scheme', () => {
    expect(of('https://api.example.com', { https_proxy: 'one:3128', HTTPS_PROXY: 'http://two' })).toBe(
      'http://one:3128/',
    );
    expect(of('https://api.example.com', { https_proxy: '', HTTPS_PROXY: 'http://two' })).toBe('http://two/');
  });

  it('is not used for what NO_PROXY names', () => {
    const through = (NO_PROXY: string, address = 'https://api.example.com') =>
      of(address, { HTTPS_PROXY: 'http://proxy', NO_PROXY }) !== undefined;

    for (const list of [
      '*',
      'api.example.com',
      'example.com',
      '.example.com',
      '*.example.com',
      'a, EXAMPLE.COM',
      'x,example.com:443',
    ]) {
      expect([list, through(list)]).toEqual([list, false]);
    }
    for (const list of ['', ' , ', 'ample.com', 'example.org', 'example.com:8443', 'api.example.com.org']) {
      expect([list, through(list)]).toEqual([list, true]);
    }
    expect(through('example.com:8443', 'https://api.example.com:8443')).toBe(false);
  });

  it('is refused where it is no HTTP proxy, without telling its password', () => {
    for (const proxy of ['socks5://user:sEcReT@proxy', 'http://user:sEcReT@', 'http://[bad']) {
      expect(() => of('https://api.example.com', { HTTPS_PROXY: proxy })).toThrow(
        expect.objectContaining({ code: 'NOT_CONFIGURED', message: expect.not.stringContaining('sEcReT') }),
      );
    }
  });
});
