import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { startCli } from '../support/cli-process.js';
import { envelopeOf } from '../support/run-cli.js';

/** A name that no resolver knows: only the proxy reaches it. */
const HOST = 'orchestrator.invalid';

const bin = inject('cli');
let folder: string;
let certificate: string;
let remove: () => Promise<void>;
let api: Server;
let proxy: Server;
/** What the proxy was asked for: target and login. */
const asked: { target: string | undefined; login: string | undefined }[] = [];

beforeAll(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-tls'));
  certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'key.pem');
  const names = `subjectAltName=DNS:localhost,DNS:${HOST}`;
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test', '-addext', names];
  await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', certificate]);
  api = createTlsServer({ key: await readFile(key), cert: await readFile(certificate) }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ items: [], next_cursor: null }));
  });
  proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push({ target: request.url, login: request.headers['proxy-authorization'] });
    if (request.headers['proxy-authorization'] === undefined) return socket.end('HTTP/1.1 407 Login\r\n\r\n');
    const upstream = connect(portOf(api), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  for (const server of [api, proxy]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  for (const server of [api, proxy]) {
    server.close();
    server.closeAllConnections();
  }
  await remove();
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function list(url: string, env: Record<string, string> = {}) {
  const base = { PATH: process.env.PATH ?? '', HOME: folder, ORCHESTRATOR_API_URL: url, ORCHESTRATOR_TOKEN: 'token' };
  const running = await startCli(bin, ['project', 'list', '--json'], { env: { ...base, ...env }, cwd: folder });
  const finished = await running.finished;
  expect(finished.stdout + finished.stderr).not.toContain('sEcReT');
  return { ...envelopeOf(finished), stderr: finished.stderr };
}

describe('a certificate of a private authority', () => {
  it('is refused with what to set, and accepted once it is set', async () => {
    const url = `https://localhost:${portOf(api)}`;
    let connections = 0;
    const count = () => {
      connections += 1;
    };
    api.on('connection', count);
    const refused = await list(url);
    api.off('connection', count);
    const accepted = await list(url, { NODE_EXTRA_CA_CERTS: certificate });

    // It gets no better by trying again.
    expect([connections, refused.error.retryable]).toEqual([1, false]);

    expect(refused.error).toMatchObject({ code: 'NETWORK', exit_code: 75 });
    expect(refused.error.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(refused.error.message).toContain('set NODE_EXTRA_CA_CERTS');
    expect(accepted).toMatchObject({ ok: true, data: { items: [] } });
  });

  it('is accepted by SSL_CERT_FILE, also through a proxy; a file that cannot be read is named', async () => {
    const url = `https://localhost:${portOf(api)}`;
    const HTTPS_PROXY = `http://ada:x@127.0.0.1:${portOf(proxy)}`;
    const absent = join(folder, 'absent.pem');

    expect(await list(url, { SSL_CERT_FILE: certificate })).toMatchObject({ ok: true });
    expect(await list(`https://${HOST}`, { SSL_CERT_FILE: certificate, HTTPS_PROXY })).toMatchObject({ ok: true });
    expect((await list(url, { SSL_CERT_FILE: absent })).error).toMatchObject({
      code: 'NOT_CONFIGURED',
      message: expect.stringContaining(`SSL_CERT_FILE names ${absent}, which cannot be read (ENOENT)`),
    });
  });

  it('for another host is told as that', async () => {
    const { error } = await list(`https://127.0.0.1:${portOf(api)}`, { NODE_EXTRA_CA_CERTS: certificate });

    expect(error.message).toContain('its certificate is for another host');
  });
});

describe('a proxy', () => {
  const through = (login: string) => ({
    HTTPS_PROXY: `http://${login}127.0.0.1:${portOf(proxy)}`,
    NODE_EXTRA_CA_CERTS: certificate,
  });

  it('is gone through with its login, by a tunnel, and the certificate is still checked', async () => {
    asked.length = 0;
    const { ok } = await list(`https://${HOST}`, through('ada:sEcReT%21@'));
    const untrusted = await list(`https://${HOST}`, { ...through('ada:sEcReT@'), NODE_EXTRA_CA_CERTS: '' });

    const login = `Basic ${Buffer.from('ada:sEcReT!').toString('base64')}`;
    expect(ok).toBe(true);
    expect(asked[0]).toEqual({ target: `${HOST}:443`, login });
    expect(untrusted.error.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  it('that asks for a login says so', async () => {
    const { error } = await list(`https://${HOST}`, through(''));

    expect(error.message).toContain('asks for a login (HTTP 407)');
  });

  it('is left alone where NO_PROXY names the host', async () => {
    asked.length = 0;
    const { error } = await list(`https://${HOST}`, { ...through('ada:sEcReT@'), NO_PROXY: `x.example, ${HOST}` });

    expect(error.message).toContain('there is no such host');
    expect(asked).toEqual([]);
  });

  it('that is away or no address is told, never with its password', async () => {
    const away = await list(`https://${HOST}`, { HTTPS_PROXY: `http://ada:sEcReT@127.0.0.1:${await freePort()}` });
    const socks = await list(`https://${HOST}`, { HTTPS_PROXY: 'socks5://ada:sEcReT@127.0.0.1:1' });

    expect(away.error).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('the proxy 127.0.0.1:') });
    expect(socks.error.message).toContain('HTTPS_PROXY names no HTTP proxy');
    expect(socks.next[0]?.command).toContain('HTTPS_PROXY');
  });
});
