import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';

const run = promisify(execFile);
const script = resolve(import.meta.dirname, '..', 'fixtures', 'ask-health.js');
/** A name that only the proxy can resolve. */
const NAME = 'orchestrator.test';

let folder: { path: string; remove(): Promise<void> };
let api: ReturnType<typeof createTlsServer>;
let proxy: ReturnType<typeof createServer>;
const tunnels: { target: string | undefined; credentials: string | undefined }[] = [];
let refusal: string | undefined;
let hangUp = false;

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const certificate = () => join(folder.path, 'certificate.pem');

beforeAll(async () => {
  folder = await tempFolder('codegen-tls');
  const key = join(folder.path, 'key.pem');
  const names = `subjectAltName=DNS:${NAME},DNS:localhost,IP:127.0.0.1`;
  const subject = ['-subj', '/CN=orchestrator', '-addext', names, '-days', '2', '-nodes'];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, '-out', certificate(), ...subject]);
  const tls = { key: await readFile(key), cert: await readFile(certificate()) };
  api = createTlsServer(tls, (_, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1');
  // Everything is at the one API, whatever its name.
  proxy = createServer().on('connect', (request: IncomingMessage, socket: Duplex) => {
    tunnels.push({ target: request.url, credentials: request.headers['proxy-authorization'] });
    if (refusal) return void socket.end(refusal);
    if (hangUp) return void socket.write('HTTP/1.1 200 OK\r\n\r\n', () => socket.destroy());
    const upstream = connect(portOf(api), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const one of [socket, upstream]) one.on('error', () => undefined);
  });
  proxy.listen(0, '127.0.0.1');
  await Promise.all([api, proxy].map((server) => server.listening || once(server, 'listening')));
});
afterAll(async () => {
  api.close();
  proxy.close();
  await folder.remove();
});
beforeEach(() => {
  tunnels.length = 0;
  refusal = undefined;
  hangUp = false;
});

/** What a process says that asks for the API's health with these variables. */
async function ask(apiUrl: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [script, apiUrl], {
    env: { PATH: process.env.PATH, ...env },
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

describe('a certificate of one’s own', () => {
  it('is trusted where NODE_EXTRA_CA_CERTS names it, and not otherwise', async () => {
    const direct = `https://127.0.0.1:${portOf(api)}`;

    expect(await ask(direct, { NODE_EXTRA_CA_CERTS: certificate() })).toBe('ok');
    expect(await ask(direct)).toMatch(/^NETWORK .*SELF_SIGNED_CERT/);
  });
});

describe('through a proxy', () => {
  const env = () => ({ NODE_EXTRA_CA_CERTS: certificate(), HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}` });

  it('the API is reached by a tunnel, and its certificate checked', async () => {
    expect(await ask(`https://${NAME}`, env())).toBe('ok');
    expect(tunnels).toEqual([{ target: `${NAME}:443`, credentials: undefined }]);

    expect(await ask('https://somebody-else.test', env())).toMatch(/^NETWORK .*ERR_TLS_CERT_ALTNAME_INVALID/);
    const { HTTPS_PROXY } = env();
    expect(await ask(`https://${NAME}`, { HTTPS_PROXY })).toMatch(/^NETWORK .*SELF_SIGNED_CERT/);
  });

  it('it gets the user and password of its address', async () => {
    const HTTPS_PROXY = `http://ada:p%40ss@127.0.0.1:${portOf(proxy)}`;

    expect(await ask(`https://${NAME}:8443`, { ...env(), HTTPS_PROXY })).toBe('ok');
    const credentials = `Basic ${Buffer.from('ada:p@ss').toString('base64')}`;
    expect(tunnels).toEqual([{ target: `${NAME}:8443`, credentials }]);
  });

  it('what NO_PROXY names and what is on this machine do not go', async () => {
    expect(await ask(`https://${NAME}`, { ...env(), NO_PROXY: 'test' })).toMatch(/^NETWORK .*no such host/);
    expect(await ask(`https://localhost:${portOf(api)}`, env())).toBe('ok');
    expect(tunnels).toEqual([]);
  });

  it('one that hangs up as soon as the tunnel is there is told at once', async () => {
    hangUp = true;
    const startedMs = performance.now();
    for (const address of [`https://${NAME}`, `http://${NAME}`]) {
      expect(await ask(address, { ...env(), HTTP_PROXY: env().HTTPS_PROXY })).toMatch(/^NETWORK /);
    }
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('a password with a bare % in its address is taken as it stands', async () => {
    const HTTPS_PROXY = `http://ada:50%off@127.0.0.1:${portOf(proxy)}`;

    expect(await ask(`https://${NAME}`, { ...env(), HTTPS_PROXY })).toBe('ok');
    expect(tunnels[0]?.credentials).toBe(`Basic ${Buffer.from('ada:50%off').toString('base64')}`);
  });

  it('its refusal is told, and what to do about it', async () => {
    refusal = 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n';
    expect(await ask(`https://${NAME}`, env())).toMatch(/^NOT_CONFIGURED .*user and password/);
    refusal = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n';
    expect(await ask(`https://${NAME}`, env())).toMatch(/^NETWORK .*makes no connection \(HTTP 502\)/);
  });
});
