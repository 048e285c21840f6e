import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { DeployFailure } from '../../src/executors/executor.js';
import { get } from '../support/clients.js';
import { openSite, type Site, someFileHolds } from '../support/executor.js';

const TOKEN = 'hush-hush/"secret" value';
const NEEDS_TOKEN = [{ name: 'TOKEN', required: true, secret: true }];

let site: Site;

afterEach(async () => {
  await site.close();
  expect(site.processes()).toEqual([]);
});

async function failureOf(deploy: Promise<unknown>): Promise<DeployFailure> {
  const error = await deploy.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DeployFailure);
  return error;
}

/** What is on its way in or out among a project's releases. */
async function passingIn({ releasesDir, projectId }: Site): Promise<string[]> {
  return (await readdir(join(releasesDir, projectId))).filter((name) => name.startsWith('.passing-'));
}

test('A commit is fetched, started and served at the allocated port', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  const { url } = await site.deploy(sha);
  expect(url).toBe(`http://127.0.0.1:${site.port}`);
  const health = await get(site.port, '/health');
  expect(JSON.parse(health.body)).toEqual({ status: 'ok', release: sha });
  expect(site.processes()).toHaveLength(1);
});

test('Without a commit the head of main is served', async () => {
  site = await openSite();
  await site.repository.commit();
  const head = await site.repository.commit();
  await site.deploy(null);
  expect((await get(site.port, '/')).body).toBe(head);
});

test('The environment holds the contract, what a release is told, and nothing else', async () => {
  site = await openSite();
  site.secrets = { TOKEN, UNDECLARED: 'not for it' };
  process.env.LEAK_ME = 'of the service';
  const environment = [...NEEDS_TOKEN, { name: 'COLOUR', default: 'blue' }, { name: 'OPTIONAL', required: false }];
  const sha = await site.repository.commit({ environment });
  await site.deploy(sha);
  delete process.env.LEAK_ME;
  const env = JSON.parse((await get(site.port, '/env')).body);
  expect(env).toMatchObject({ TOKEN, COLOUR: 'blue', RELEASE: sha, HOST: '127.0.0.1', NODE_ENV: 'production' });
  expect(env.HOME).toBe(join(site.releasesDir, site.projectId, 'home'));
  expect(env.RELEASE_RUN_ID).toMatch(new RegExp(`^${site.projectId}/${sha}/`));
  expect(Object.keys(env).sort()).toEqual(
    ['COLOUR', 'HOME', 'HOST', 'LANG', 'NODE_ENV', 'PATH', 'PORT', 'RELEASE', 'RELEASE_RUN_ID', 'TOKEN'].sort(),
  );
});

test('A secret is in no file and no log line, and not in the output of a release that fails or crashes', async () => {
  site = await openSite();
  site.secrets = { TOKEN };
  await site.deploy(await site.repository.commit({ environment: NEEDS_TOKEN }));
  await get(site.port, '/crash').catch(() => undefined);
  await waitFor('the crash to be logged', () => site.log.some((line) => line.includes('crashing with')));
  const failed = await failureOf(
    site.deploy(await site.repository.commit({ variant: 'exits', environment: NEEDS_TOKEN })),
  );
  expect(failed.details.stderr).toBe('cannot work with [redacted]\n');
  expect(failed.details.stdout).toBe('about to fail\n');
  for (const part of [TOKEN, JSON.stringify(TOKEN).slice(1, -1), 'hush-hush']) {
    expect(await someFileHolds(site.releasesDir, part)).toBe(false);
    expect(site.log.join('\n')).not.toContain(part);
    expect(JSON.stringify(failed)).not.toContain(part);
  }
});

test('A required name without secret or default fails as secret_missing, naming it', async () => {
  site = await openSite();
  const failure = await failureOf(site.deploy(await site.repository.commit({ environment: NEEDS_TOKEN })));
  expect(failure.reason).toBe('secret_missing');
  expect(failure.message).toContain('TOKEN');
});

test.each([
  ['exits', 'start_failed', /exit code 7/],
  ['wrong-release', 'unhealthy', /"release"/],
  ['never-listens', 'unhealthy', /ECONNREFUSED/],
] as const)('A release that %s fails as %s and the old one serves on', async (variant, reason, text) => {
  site = await openSite({ healthTimeoutMs: 1000 });
  const good = await site.repository.commit();
  await site.deploy(good);
  const pid = (await get(site.port, '/pid')).body;
  const failure = await failureOf(site.deploy(await site.repository.commit({ variant })));
  expect(failure.reason).toBe(reason);
  expect(failure.message).toMatch(text);
  expect((await get(site.port, '/')).body).toBe(good);
  expect((await get(site.port, '/pid')).body).toBe(pid);
  expect(site.processes()).toHaveLength(1);
});

test('A first deploy that fails leaves the port free and no process', async () => {
  site = await openSite();
  const failure = await failureOf(site.deploy(await site.repository.commit({ variant: 'exits' })));
  expect(failure.details).toMatchObject({ exitCode: 7, stdout: 'about to fail\n' });
  await waitFor('the port to be free', async () =>
    (await get(site.port, '/').catch(String)).toString().includes('REFUSED'),
  );
  expect(site.processes()).toEqual([]);
});

test('A start command that does not exist fails as start_failed', async () => {
  site = await openSite();
  const failure = await failureOf(site.deploy(await site.repository.commit({ start: ['no-such-command'] })));
  expect(failure.reason).toBe('start_failed');
  expect(failure.details.stderr).toContain('no-such-command');
});

test('A port that is lost between finding and binding it is replaced by another one', async () => {
  site = await openSite();
  const sha = await site.repository.commit({ variant: 'collides-once' });
  await site.deploy(sha);
  expect((await get(site.port, '/')).body).toBe(sha);
  const lost = await readFile(join(site.releasesDir, site.projectId, 'home', 'collided'), 'utf8');
  expect(JSON.parse((await get(site.port, '/env')).body).PORT).not.toBe(lost);
});

test('A commit, branch or repository that is not there fails as fetch_failed', async () => {
  site = await openSite();
  expect((await failureOf(site.deploy(null))).reason).toBe('fetch_failed');
  expect((await failureOf(site.deploy('0123456789012345678901234567890123456789'))).reason).toBe('fetch_failed');
  expect((await failureOf(site.deploy('--output=/tmp/x'))).reason).toBe('fetch_failed');
  for (const clone_url of [
    '../outside.git',
    '/etc',
    'file:///etc',
    'ext::sh -c id',
    '--upload-pack=id',
    'http://x/y',
  ]) {
    const failure = await failureOf(site.deploy(null, { clone_url }));
    expect([clone_url, failure.reason, failure.message]).toEqual([
      clone_url,
      'fetch_failed',
      expect.stringContaining('must be a path in the folder of repositories, https'),
    ]);
  }
});

test('A repository elsewhere is fetched over its URL, without a login, and no copy of it stays', async () => {
  site = await openSite();
  const bin = join(site.reposDir, 'bin');
  await mkdir(bin);
  // A remote end without a network: it runs on this machine what it is asked to run there.
  const asked = join(site.reposDir, 'asked');
  await writeFile(join(bin, 'ssh'), `#!/bin/sh\necho "$*" >> ${asked}\nfor last; do :; done\nexec sh -c "$last"\n`);
  await chmod(join(bin, 'ssh'), 0o755);
  await site.executor.stop();
  await site.start({ path: `${bin}:${dirname(process.execPath)}:${process.env.PATH}` });
  const sha = await site.repository.commit();
  const clone_url = `ssh://git@box.example${site.reposDir}/${site.repository.fullName}.git`;
  await site.deploy(sha, { clone_url });
  expect((await get(site.port, '/')).body).toBe(sha);
  expect(await readFile(asked, 'utf8')).toMatch(/BatchMode=yes.* git@box\.example git-upload-pack /);
  expect((await readdir(join(site.releasesDir, site.projectId))).sort()).toEqual([sha, 'current.json', 'home'].sort());
  const unmerged = await site.repository.commitBeside();
  expect((await failureOf(site.deploy(unmerged, { clone_url }))).reason).toBe('fetch_failed');
  const login = await failureOf(site.deploy(sha, { clone_url, github_token_ref: 'vault:platform/GIT_TOKEN' }));
  expect(login.message).toMatch(
    /fetched with vault:platform\/GIT_TOKEN, and the local executor fetches without a login/,
  );
  await rm(join(site.reposDir, `${site.repository.fullName}.git`), { recursive: true });
  expect((await failureOf(site.deploy('f'.repeat(40), { clone_url }))).message).toContain(
    'main of ssh://git@box.example/',
  );
  expect((await readdir(join(site.releasesDir, site.projectId))).sort()).toEqual([sha, 'current.json', 'home'].sort());
});

test('A commit without a usable .project.yml says so', async () => {
  site = await openSite();
  const failure = await failureOf(site.deploy(await site.repository.commit({ files: { '.project.yml': 'start: 1' } })));
  expect(failure.reason).toBe('start_failed');
  expect(failure.message).toContain('.project.yml');
});

test('Dependencies are installed, with a lock file or without', async () => {
  site = await openSite();
  const dependency = {
    'vendor/greeting/package.json': JSON.stringify({ name: 'greeting', version: '1.0.0' }),
    'vendor/greeting/index.js': 'module.exports = "hello";',
    'package.json': JSON.stringify({
      name: 'fixture',
      version: '1.0.0',
      dependencies: { greeting: 'file:./vendor/greeting' },
    }),
  };
  const start = ['sh', '-c', 'node -e "require(\\"greeting\\")" && exec node server.mjs'];
  const unlocked = await site.repository.commit({ files: dependency, start });
  await site.deploy(unlocked);
  const lock = await readFile(join(site.releasesDir, site.projectId, unlocked, 'package-lock.json'), 'utf8');
  const locked = await site.repository.commit({ files: { ...dependency, 'package-lock.json': lock }, start });
  await site.deploy(locked);
  expect((await get(site.port, '/')).body).toBe(locked);
});

test('Dependencies that cannot be installed fail as install_failed with what npm said', async () => {
  site = await openSite();
  const manifest = JSON.stringify({ name: 'fixture', version: '1.0.0', dependencies: { greeting: 'file:./nowhere' } });
  const sha = await site.repository.commit({
    files: {
      'package.json': manifest,
      'package-lock.json': JSON.stringify({ name: 'fixture', lockfileVersion: 3, packages: {} }),
    },
  });
  const failure = await failureOf(site.deploy(sha));
  expect(failure.reason).toBe('install_failed');
  expect(failure.details.stderr).toMatch(/npm (ERR!|error)/);
});

test('An install that takes too long is ended with all it started', async () => {
  site = await openSite({ installTimeoutMs: 1500 });
  const scripts = { install: 'node -e "setInterval(() => {}, 1000)"' };
  const manifest = { name: 'fixture', version: '1.0.0', scripts, dependencies: { a: 'file:./a' } };
  const files = { 'package.json': JSON.stringify(manifest), 'a/package.json': '{"name":"a","version":"1.0.0"}' };
  const failure = await failureOf(site.deploy(await site.repository.commit({ files })));
  expect(failure.reason).toBe('install_failed');
  expect(failure.message).toContain('1.5 s');
  expect(site.processes()).toEqual([]);
});

test('A port that somebody else has fails as port_in_use', async () => {
  site = await openSite();
  const other = createServer().listen(site.port, '127.0.0.1');
  const failure = await failureOf(site.deploy(await site.repository.commit()));
  expect(failure.reason).toBe('port_in_use');
  expect(failure.details.freePort).toBeGreaterThan(site.port);
  await new Promise((resolve) => other.close(resolve));
});

test('Another server’s address is refused', async () => {
  site = await openSite();
  const failure = await failureOf(site.deploy(await site.repository.commit(), { server_ip: '192.0.2.7' }));
  expect(failure.message).toContain('192.0.2.7');
});

test('The same commit again is a success without a restart', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  const pid = (await get(site.port, '/pid')).body;
  await site.deploy(sha);
  expect((await get(site.port, '/pid')).body).toBe(pid);
});

test('The same commit again replaces a release that has become unhealthy, or whose secrets changed', async () => {
  site = await openSite();
  site.secrets = { TOKEN: 'first-token' };
  const sha = await site.repository.commit({ variant: 'sick', environment: NEEDS_TOKEN });
  await site.deploy(sha);
  const pid = (await get(site.port, '/pid')).body;
  expect((await get(site.port, '/health')).status).toBe(500);
  await site.deploy(sha);
  expect((await get(site.port, '/health')).status).toBe(200);
  const second = (await get(site.port, '/pid')).body;
  expect(second).not.toBe(pid);
  site.secrets = { TOKEN: 'second-token' };
  await site.deploy(sha);
  expect(JSON.parse((await get(site.port, '/env')).body).TOKEN).toBe('second-token');
  await waitFor('one process', () => site.processes().length === 1);
});

test('A release that damages its own folder is made anew by a deploy of the same commit, and the new one serves', async () => {
  site = await openSite();
  const sha = await site.repository.commit({ files: { 'deep/page.txt': 'page' } });
  await site.deploy(sha);
  const pid = (await get(site.port, '/pid')).body;
  const folder = join(site.releasesDir, site.projectId, sha);
  const manifest = await readFile(join(folder, '.project.yml'), 'utf8');
  await writeFile(join(folder, '.project.yml'), 'start: [rm, -rf]');
  await rm(join(folder, 'deep'), { recursive: true });
  await symlink('/etc', join(folder, 'deep'));
  await site.deploy(sha);
  expect(await readFile(join(folder, '.project.yml'), 'utf8')).toBe(manifest);
  expect(await readFile(join(folder, 'deep', 'page.txt'), 'utf8')).toBe('page');
  expect((await get(site.port, '/pid')).body).not.toBe(pid);
  await waitFor('the damaged folder to go', async () => (await passingIn(site)).length === 0);
});

test('A release that lost its packages is made anew by a deploy of the same commit', async () => {
  site = await openSite();
  const files = {
    'vendor/greeting/package.json': JSON.stringify({ name: 'greeting', version: '1.0.0' }),
    'vendor/greeting/index.js': '',
    'package.json': JSON.stringify({ name: 'fixture', dependencies: { greeting: 'file:./vendor/greeting' } }),
  };
  const start = ['sh', '-c', 'node -e "require(\\"greeting\\")" && exec node server.mjs'];
  const sha = await site.repository.commit({ files, start });
  await site.deploy(sha);
  await rm(join(site.releasesDir, site.projectId, sha, 'node_modules'), { recursive: true });
  await get(site.port, '/crash').catch(() => undefined);
  await waitFor('it not to start', () => site.log.some((line) => line.includes('release does not start')));
  await site.deploy(sha);
  expect((await get(site.port, '/')).body).toBe(sha);
});

test('A release whose files and home were destroyed, by itself or by another one, comes back by itself', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  const home = join(site.releasesDir, site.projectId, 'home');
  await rm(join(site.releasesDir, site.projectId, sha, 'server.mjs'));
  await rm(home, { recursive: true });
  await writeFile(home, 'no folder');
  await get(site.port, '/crash').catch(() => undefined);
  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
  expect(await readdir(home)).toEqual([]);
});

test('A release whose folder was emptied while nothing ran is made anew by the next start', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  await site.executor.stop();
  const folder = join(site.releasesDir, site.projectId, sha);
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
  await site.start();
  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
});

test('What a release keeps in its folder is there when it runs again', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  const file = join(site.releasesDir, site.projectId, sha, 'count.txt');
  await writeFile(file, 'data');
  await get(site.port, '/crash').catch(() => undefined);
  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
  expect(await readFile(file, 'utf8')).toBe('data');
});

test('A home that a release has replaced by a file is a folder again with the next deploy', async () => {
  site = await openSite();
  await site.deploy(await site.repository.commit());
  const home = join(site.releasesDir, site.projectId, 'home');
  await rm(home, { recursive: true });
  await writeFile(home, 'no folder');
  const next = await site.repository.commit();
  await site.deploy(next);
  expect((await get(site.port, '/')).body).toBe(next);
  expect(await readdir(home)).toEqual([]);
});

test('A project can move to another port; the old one becomes free', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  const pid = (await get(site.port, '/pid')).body;
  const port = await freePort();
  await site.deploy(sha, { port });
  expect((await get(port, '/pid')).body).toBe(pid);
  await waitFor('the old port to be free', async () =>
    (await get(site.port, '/').catch(String)).toString().includes('REFUSED'),
  );
});

test('A release that crashes is started again, and in between the port answers 502 or 503', async () => {
  site = await openSite();
  const sha = await site.repository.commit({ variant: 'slow-start 500' });
  await site.deploy(sha);
  const statuses = new Set<number>();
  await get(site.port, '/crash').catch(() => undefined);
  await waitFor('the release to be back', async () => {
    const { status } = await get(site.port, '/');
    statuses.add(status);
    return status === 200;
  });
  expect([...statuses].filter((status) => status !== 200).every((status) => status === 502 || status === 503)).toBe(
    true,
  );
  expect(statuses.size).toBeGreaterThan(1);
  expect(site.processes()).toHaveLength(1);
  const state = async () => JSON.parse(await readFile(join(site.releasesDir, site.projectId, 'current.json'), 'utf8'));
  await waitFor('it to be recorded', async () => (await state()).pid === site.processes()[0]?.pid);
});

test('Replacing and stopping end grandchildren too, detached ones and those that ignore SIGTERM', async () => {
  site = await openSite({ stopGraceMs: 300 });
  await site.deploy(await site.repository.commit({ variant: 'spawns' }));
  expect(site.processes()).toHaveLength(3);
  await site.deploy(await site.repository.commit({ variant: 'ignores-sigterm' }));
  await waitFor('one process', () => site.processes().length === 1);
  await site.executor.stop();
  expect(site.processes()).toEqual([]);
});

test('The current and the two releases before it are kept, older and failed ones removed', async () => {
  site = await openSite();
  const shas: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    shas.push(await site.repository.commit());
    await site.deploy(shas.at(-1) as string);
  }
  await failureOf(site.deploy(await site.repository.commit({ variant: 'exits' })));
  // A release that still drains keeps its folder until the next deploy.
  await sleep(300);
  await site.deploy(shas[3] as string);
  const kept = (await readdir(join(site.releasesDir, site.projectId))).filter((name) => /^[0-9a-f]{40}$/.test(name));
  expect(kept.sort()).toEqual(shas.slice(1).sort());
  await site.deploy(shas[1] as string);
  expect((await get(site.port, '/')).body).toBe(shas[1]);
});

test('After a stop and a start the release runs again on the same port', async () => {
  site = await openSite();
  site.secrets = { TOKEN };
  const sha = await site.repository.commit({ environment: NEEDS_TOKEN });
  await site.deploy(sha);
  await site.executor.stop();
  expect(site.processes()).toEqual([]);
  await site.start();
  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
  expect(JSON.parse((await get(site.port, '/env')).body).TOKEN).toBe(TOKEN);
});

test('A restart that cannot go on yet keeps trying: port taken, secrets out of reach', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  await site.executor.stop();
  const other = createServer().listen(site.port, '127.0.0.1');
  let reachable = false;
  await site.start({
    resolveSecrets: async () => {
      if (!reachable) throw new Error('the API is away');
      return {};
    },
  });
  await waitFor('the taken port to be logged', () => site.log.some((line) => line.includes('is taken')));
  await new Promise((resolve) => other.close(resolve));
  await waitFor('the API’s absence to be logged', () => site.log.some((line) => line.includes('API is away')));
  expect((await get(site.port, '/')).status).toBe(503);
  reachable = true;
  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
});

test('A release that waits to be started again goes on trying after a deploy that cannot be recorded', async () => {
  let reachable = true;
  const resolveSecrets = async (reference: string) => {
    if (!reachable && reference === 'none:') throw new Error('the API is away');
    return {};
  };
  site = await openSite({ resolveSecrets });
  const sha = await site.repository.commit();
  await site.deploy(sha);
  await site.executor.stop();
  reachable = false;
  await site.start();
  await waitFor('the API’s absence to be logged', () => site.log.some((line) => line.includes('API is away')));
  const folder = join(site.releasesDir, site.projectId);
  const message = site.message({
    commit_sha: await site.repository.commit(),
    secrets_ref: `vault:project/${site.projectId}`,
  });
  const deploy = site.executor.deploy(message, {
    signal: new AbortController().signal,
    progress: async () => undefined,
    // The last moment before the release is recorded.
    requireWanted: async () => {
      await rename(folder, `${folder}.away`);
      await writeFile(folder, '');
    },
  });
  await expect(deploy).rejects.toThrow();
  reachable = true;

  await waitFor('the release to serve', async () => (await get(site.port, '/')).body === sha);
});

test('A state file that cannot be read is reported and does not keep the others from running', async () => {
  site = await openSite();
  const sha = await site.repository.commit();
  await site.deploy(sha);
  await site.executor.stop();
  const file = join(site.releasesDir, site.projectId, 'current.json');
  const state = await readFile(file, 'utf8');
  await writeFile(file, state.slice(0, 40));
  await site.start();
  expect(site.log.some((line) => line.includes('release does not run again'))).toBe(true);
  await site.deploy(sha);
  expect((await get(site.port, '/')).body).toBe(sha);
});

test('A second executor on the same folder is refused with the pid of the first', async () => {
  site = await openSite();
  const first = site.executor;
  await expect(site.start()).rejects.toThrow(new RegExp(`process ${process.pid}\\b`));
  site.executor = first;
});

test('Stopping in the middle of a deploy gives it up and leaves no process', async () => {
  site = await openSite({ healthTimeoutMs: 30_000 });
  const deploy = site.deploy(await site.repository.commit({ variant: 'never-listens' }));
  const refused = expect(deploy).rejects.toThrow(/stopping/);
  await waitFor('the release to start', () => site.processes().length > 0);
  await site.executor.stop();
  await refused;
  expect(site.processes()).toEqual([]);
});
