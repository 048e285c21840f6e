import { chmod, mkdir, readFile, symlink, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type FakeApi, startFakeApi, TOKEN } from '../../packages/sdk/tests/support/fake-api.js';
import { canUnshare } from '../support/namespaces.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { type Ended, type Machine, type Machines, makeMachines } from './support/machine.js';
import { root } from './support/system.js';

let machines: Machines;
let api: FakeApi;
beforeAll(async () => {
  [machines, api] = await Promise.all([makeMachines(), startFakeApi()]);
});
afterAll(async () => {
  await api?.stop();
  await machines?.remove();
});

const known = () => ({ ORCHESTRATOR_API_URL: api.url, ORCHESTRATOR_TOKEN: TOKEN });
const isRoot = process.getuid?.() === 0;
/** Root may open everything: without these two capabilities it is held to the modes of files as everybody is. */
const asOrdinaryUser = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
/** A folder of 16 KB, which no other process sees. */
const withSmallDisk = (folder: string) => [
  ...['unshare', '--mount', ...(isRoot ? [] : ['--map-root-user']), 'sh', '-c'],
  ...['mount -t tmpfs -o size=16k tmpfs "$0" && exec "$@"', folder],
];

function login(machine: Machine, profile: string): Promise<Ended> {
  const args = ['auth', 'login', '--api-url', api.url, '--profile', profile, '--token-stdin', '--json'];
  return machine.run(args, { input: `${TOKEN}\n` });
}

/** A refusal that a person can act on: what is wrong, where, and a line to paste; no stack, no bug. */
function expectAdvice(ended: Ended, exitCode: number, message: RegExp): void {
  const { error, next } = ended.json();
  expect([ended.code, error.code === 'BUG', error.message]).toEqual([exitCode, false, expect.stringMatching(message)]);
  expect(next[0].command).not.toBe('');
  expect(ended.stderr).not.toMatch(/\n\s+at /);
}

describe('streams', () => {
  it('a reader that has read enough is no error', async () => {
    const machine = await machines.add();
    const line = `orchestrator contracts asyncapi | head -1; echo "$\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = await machine.paste(line).ended;
    expect([stdout.trim().split('\n').at(-1), stderr]).toEqual(['0', '']);
  });

  it('a full disk is an error with a line to paste; full standard error is none', async () => {
    const machine = await machines.add();
    const lines = ['project list > /dev/full', 'project list --json > /dev/full', 'contracts asyncapi > /dev/full'];
    for (const line of lines) {
      const ended = await machine.paste(`orchestrator ${line}`, { env: known() }).ended;
      expect([line, ended.code]).toEqual([line, 1]);
      expect(ended.stderr).toMatch(/^Error: .*ENOSPC.*\nTry: \S/);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
    }
    const unheard = await machine.paste('orchestrator project get none 2> /dev/full', { env: known() }).ended;
    expect([unheard.code, unheard.stdout]).toEqual([3, '']);
  });

  it('closed streams hold nothing up', async () => {
    const machine = await machines.add();
    const codes = [];
    for (const line of [
      'project list >&-',
      'project list 2>&-',
      'project list <&-',
      'engineering start --project todo-api --spec - <&-',
      'auth login --token-stdin <&-',
    ]) {
      codes.push((await machine.paste(`orchestrator ${line}`, { env: known() }).ended).code);
    }
    expect(codes).toEqual([0, 0, 0, 2, 2]);
  });
});

describe('a home that is not as it should be', () => {
  it('is not needed by a command that has all from its environment', async () => {
    const machine = await machines.add();
    for (const home of ['unset HOME', 'export HOME=', 'export HOME=/nowhere/at/all', 'export HOME=/dev/null']) {
      const { code, stderr } = await machine.paste(`${home}; orchestrator project list`, { env: known() }).ended;
      expect([home, code, stderr]).toEqual([home, 0, '']);
    }
  });

  it.runIf(canUnshare)(
    'is not needed by an account without any, as a container has with a uid of its own',
    async () => {
      const machine = await machines.add(['unshare', '--user', '--map-user=54321', 'env', '-u', 'HOME']);
      const listed = await machine.run(['project', 'list'], { env: known() });
      expect([listed.code, listed.stderr]).toEqual([0, '']);
      expectAdvice(await login(machine, 'default'), 2, /no home folder: .*ORCHESTRATOR_CONFIG_DIR/);
      const folder = { ORCHESTRATOR_CONFIG_DIR: join(machine.home, 'settings') };
      const stored = 'printf %s "$ORCHESTRATOR_TOKEN" | orchestrator auth login --token-stdin';
      expect(await machine.paste(stored, { env: { ...known(), ...folder } }).ended).toMatchObject({
        code: 0,
        stderr: '',
      });
      for (const command of ['up', 'down']) {
        const line = `${join(root, 'bin', 'orchestrator')} ${command} --json`;
        expectAdvice(await machine.paste(line).ended, 2, /no home folder: .*--data-dir/);
      }
    },
  );

  it('is named when its configuration cannot be read', async () => {
    const machine = await machines.add(asOrdinaryUser);
    expect((await login(machine, 'default')).code).toBe(0);
    const file = join(machine.home, '.config', 'orchestrator', 'config.json');
    await chmod(file, 0o000);
    expectAdvice(await machine.run(['project', 'list', '--json']), 2, /config\.json cannot be read \(EACCES\)/);
    await chmod(file, 0o600);
    await chmod(join(file, '..'), 0o000);
    expectAdvice(await machine.run(['project', 'list', '--json']), 2, /config\.json cannot be read \(EACCES\)/);
    await chmod(join(file, '..'), 0o700);
  });

  it('is named when the login cannot be stored in it, and what was stored stays', async () => {
    const machine = await machines.add(asOrdinaryUser);
    await chmod(machine.home, 0o500);
    expectAdvice(
      await login(machine, 'default'),
      2,
      /\.config\/orchestrator\/config\.json cannot be written \(EACCES\)/,
    );
    await chmod(machine.home, 0o700);
    expect((await login(machine, 'default')).code).toBe(0);
    await chmod(join(machine.home, '.config', 'orchestrator'), 0o500);
    expectAdvice(await login(machine, 'other'), 2, /config\.json cannot be written \(EACCES\)/);
    expect((await machine.run(['auth', 'status'])).code).toBe(0);
  });

  it.runIf(canUnshare)('keeps the login that it has when the disk is full', async () => {
    const folder = await tempFolder('codegen-disk');
    onTestFinished(folder.remove);
    const machine = await machines.add(withSmallDisk(folder.path));
    const env = { ...known(), ORCHESTRATOR_CONFIG_DIR: folder.path };
    const login = 'orchestrator auth login --token-stdin --json';
    const line = [
      `printf %s "$ORCHESTRATOR_TOKEN" | ${login} > /dev/null || exit 99`,
      `head -c 1000000 /dev/zero > "${folder.path}/filler" 2> /dev/null`,
      `printf %s "$ORCHESTRATOR_TOKEN" | ${login} --profile other; code=$?`,
      'unset ORCHESTRATOR_TOKEN; orchestrator auth status > /dev/null || exit 98',
      'exit $code',
    ];
    expectAdvice(await machine.paste(line.join('\n'), { env }).ended, 2, /config\.json cannot be written \(ENOSPC\)/);
  });

  it('keeps every one of several logins at once, though a killed one has left its lock', async () => {
    const machine = await machines.add();
    const lock = join(machine.home, '.config', 'orchestrator', 'config.lock');
    await mkdir(lock, { recursive: true });
    await utimes(lock, 0, 0);
    const names = ['one', 'two', 'three', 'four'];
    const ended = await Promise.all(names.map((name) => login(machine, name)));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const config = await readFile(join(machine.home, '.config', 'orchestrator', 'config.json'), 'utf8');
    expect(Object.keys(JSON.parse(config).profiles).sort()).toEqual([...names].sort());
  });
});

describe('a PATH without git', () => {
  it('is enough for the command line, and told of by bin/up', async () => {
    const machine = await machines.add();
    const bin = join(machine.home, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    for (const name of ['bash', 'dirname', 'mkdir', 'flock']) await symlink(`/usr/bin/${name}`, join(bin, name));
    const orchestrator = (await machine.paste('command -v orchestrator').ended).stdout.trim();
    const line = `export PATH=${bin}; ${orchestrator} project list || exit 99; ${join(root, 'bin', 'up')}`;
    const { code, stderr } = await machine.paste(line, { env: known() }).ended;
    expect([code, stderr]).toEqual([1, 'git is not installed. Try: apt-get install git\n']);
  });
});

describe('an API that is none', () => {
  const servers: { close(): void }[] = [];
  const sockets = new Set<Socket>();
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  });

  async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const raw = (text: string | Buffer) =>
    listen(createTcpServer((socket) => void socket.on('error', () => 0).end(text)));
  const http = (status: number, type: string, body: string) =>
    listen(createServer((_, response) => void response.writeHead(status, { 'content-type': type }).end(body)));
  const list = async (url: string) => {
    const machine = await machines.add();
    return machine.run(['project', 'list', '--json'], { env: { ...known(), ORCHESTRATOR_API_URL: url } });
  };
  const huge = `<h1>\u001b[2Jsorry\u0007</h1>${'x'.repeat(5 * 1024 * 1024)}`;

  it.each([
    ['a page of some other site', () => http(200, 'text/html', '<h1>Welcome</h1>'), 1, 'BAD_RESPONSE'],
    ['half a document', () => http(200, 'application/json', '{"items":[{"id":'), 1, 'BAD_RESPONSE'],
    ['another shape', () => http(200, 'application/json', '{"items":[{"id":7}],"next_cursor":3}'), 1, 'BAD_RESPONSE'],
    ['null', () => http(200, 'application/json', 'null'), 1, 'BAD_RESPONSE'],
    ['a redirect', () => http(302, 'text/plain', ''), 1, 'BAD_RESPONSE'],
    ['five megabytes of an error page', () => http(404, 'text/html', huge), 1, 'BAD_RESPONSE'],
    ['a problem of no known code', () => http(418, 'application/problem+json', '{"code":"TEA"}'), 1, 'BAD_RESPONSE'],
    ['a gateway that is down', () => http(502, 'text/html', huge), 75, 'API_UNAVAILABLE'],
    ['a mail server', () => raw('220 mail.example.com ESMTP\r\n'), 75, 'NETWORK'],
    ['a connection that closes at once', () => raw(''), 75, 'NETWORK'],
    ['an answer that is cut off', () => raw('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"items":['), 75, 'NETWORK'],
  ])('is told as such: %s', async (_title, serve, exitCode, code) => {
    const ended = await list(await serve());
    expect(ended.json().error.code, ended.stdout.slice(0, 500)).toBe(code);
    expectAdvice(ended, exitCode, /./);
    expect(ended.stdout.length).toBeLessThan(3000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may come through
    expect(ended.json().error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  it('that only drips is let go of by Ctrl-C at once', async () => {
    let dripping = false;
    const url = await listen(
      createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(timer));
        dripping = true;
      }),
    );
    const machine = await machines.add();
    const running = machine.start(['project', 'list', '--json'], { env: { ...known(), ORCHESTRATOR_API_URL: url } });
    await waitFor('the first drop', () => dripping, { timeoutMs: 60_000 });
    const pressedMs = performance.now();
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(performance.now() - pressedMs).toBeLessThan(2000);
  });
});
