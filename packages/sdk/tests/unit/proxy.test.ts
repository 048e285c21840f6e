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

  it('is not used for addresses and ranges of NO_PROXY, however they are spelt', () => {
    const through = (NO_PROXY: string, address: string) =>
      of(address, { HTTPS_PROXY: 'http://proxy', NO_PROXY }) !== undefined;

    for (const [list, host] of [
      ['fd00::1', '[fd00::1]'],
      ['FD00:0::0:1', '[fd00::1]'],
      ['[fd00::1]', '[fd00::1]'],
      ['[fd00::1]:443', '[fd00::1]'],
      ['fd00::/8', '[fd12::9]'],
      ['x,10.0.0.0/8', '10.1.2.3'],
      ['192.168.1.7/32', '192.168.1.7'],
      ['example.com.', 'api.example.com'],
      ['.example.com', 'api.example.com.'],
    ] as const) {
      expect([list, through(list, `https://${host}`)]).toEqual([list, false]);
    }
    for (const [list, host] of [
      ['fd00::1', '[fd00::2]'],
      ['[fd00::1]:8443', '[fd00::1]'],
      ['fd00::/8', '[fe80::1]'],
      ['10.0.0.0/8', '11.0.0.1'],
      ['10.0.0.0/', '10.0.0.1'],
      ['10.0.0.0/64', '10.0.0.1'],
      ['10.0.0.0/8', 'example.com'],
      ['.', 'example.com'],
    ] as const) {
      expect([list, through(list, `https://${host}`)]).toEqual([list, true]);
    }
  });

  it('is refused where it is no HTTP proxy, without telling its password', () => {
    for (const proxy of ['socks5://user:sEcReT@proxy', 'http://user:sEcReT@', 'http://[bad']) {
      expect(() => of('https://api.example.com', { HTTPS_PROXY: proxy })).toThrow(
        expect.objectContaining({ code: 'NOT_CONFIGURED', message: expect.not.stringContaining('sEcReT') }),
      );
    }
  });
});
