import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get } from '../support/clients.js';
import { openSite, processesOf, type Site } from '../support/executor.js';
import { ProjectRepository } from '../support/project-repository.js';

let site: Site;
let victim: { id: string; port: number; sha: string; pid: number };

beforeEach(async () => {
  site = await openSite({ probeEveryMs: 1000 });
  const id = `${site.projectId}v`;
  const repository = await ProjectRepository.create(site.reposDir, `local/${id}`);
  const [port, sha] = [await freePort(), await repository.commit()];
  await site.deploy(sha, { project_id: id, repo_full_name: repository.fullName, port });
  victim = { id, port, sha, pid: Number((await get(port, '/pid')).body) };
});

afterEach(async () => {
  await site.close();
  expect([...site.processes(), ...processesOf(victim.id)]).toEqual([]);
});

/** Deploys a release that is healthy once, then does this: an expression that sees `server` and `fs`. */
async function deployHostile(deed: string): Promise<void> {
  const program = `
    import { spawn } from 'node:child_process';
    import fs from 'node:fs';
    import { createServer } from 'node:http';
    const { PORT, HOST, RELEASE, HOME } = process.env;
    fs.appendFileSync(HOME + '/starts', Date.now() + '\\n');
    process.on('SIGTERM', () => {});
    const server = createServer((request, response) => {
      if (request.url !== '/health') return void response.end('asked');
      response.end(JSON.stringify({ status: 'ok', release: RELEASE }), () => setTimeout(() => { ${deed} }, 50));
    }).listen(Number(PORT), HOST);
    setInterval(() => {}, 1000);`;
  const sha = await site.repository.commit({ start: ['node', 'hostile.mjs'], files: { 'hostile.mjs': program } });
  await site.deploy(sha);
}

const starts = async () => {
  const text = await readFile(join(site.releasesDir, site.projectId, 'home', 'starts'), 'utf8');
  return text.trim().split('\n').map(Number);
};
const logged = (text: string) => site.log.filter((line) => line.includes(text));
const isBack = async () => {
  const pid = await get(victim.port, '/pid').catch(() => undefined);
  return pid?.status === 200 && Number(pid.body) !== victim.pid;
};

test.each(['SIGKILL', 'SIGSTOP'])('A release of another project that gets %s is back by itself', async (name) => {
  await deployHostile(`if (!globalThis.done) { globalThis.done = true; process.kill(${victim.pid}, '${name}'); }`);
  await waitFor('the site', isBack, { timeoutMs: 30_000 });
  expect(logged('release ended').some((line) => line.includes(victim.id))).toBe(true);
  expect((await get(site.port, '/')).body).toBe('asked');
});

test.each([
  ['closes its server and lives on', 'server.close(); server.closeAllConnections()'],
  ['never answers any more', 'server.removeAllListeners("request")'],
  ['blocks its own event loop', 'for (;;);'],
  ['stops itself', 'process.kill(process.pid, "SIGSTOP")'],
])('A release that %s is ended and started again', async (_, deed) => {
  await deployHostile(deed);
  await waitFor('a second start', async () => (await starts()).length >= 2, { timeoutMs: 30_000 });
  expect(logged('release answers no more')).toHaveLength(1);
  expect((await get(victim.port, '/pid')).body).toBe(String(victim.pid));
});

test('A release that ends right after it was healthy is started again ever more slowly, and no log line is long', async () => {
  await deployHostile('fs.writeSync(2, "x".repeat(30_000)); process.exit(3)');
  await waitFor('five starts', async () => (await starts()).length >= 5, { timeoutMs: 20_000 });
  const times = await starts();
  const waits = times.slice(1).map((time, index) => time - (times[index] as number));
  expect(waits[3]).toBeGreaterThanOrEqual(1600);
  expect(logged('release ended').length).toBeGreaterThanOrEqual(4);
  for (const line of logged('release ended')) expect(line.length).toBeLessThan(5000);
  expect((await get(victim.port, '/pid')).body).toBe(String(victim.pid));
});

test('A release that writes 200 MB to its output keeps no other site waiting', async () => {
  await deployHostile(`
    if (globalThis.left !== undefined) return;
    globalThis.left = 3200;
    const text = Buffer.alloc(65536, 'panic: at /srv/app.js:1 token=abc\\n');
    const write = (stream) => globalThis.left-- > 0 && stream.write(text, () => write(stream));
    for (const stream of [process.stdout, process.stderr]) write(stream);`);
  const turns = monitorEventLoopDelay({ resolution: 1 });
  turns.enable();
  for (const until = Date.now() + 2000; Date.now() < until; ) {
    expect((await get(victim.port, '/pid')).body).toBe(String(victim.pid));
  }
  turns.disable();
  // In milliseconds: this process runs the forwarders.
  expect(turns.percentile(90) / 1e6).toBeLessThan(60);
});

test('A release that forks again and again leaves nothing when it is replaced', { timeout: 60_000 }, async () => {
  const fork = `
    if (!globalThis.done) {
      globalThis.done = true;
      for (let i = 0; i < 150; i++) spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 30; done'], { detached: i % 2 === 0, stdio: 'ignore', env: i % 3 ? process.env : {} }).unref();
      fs.writeFileSync(HOME + '/done', '');
    }`;
  await deployHostile(fork);
  await waitFor('the forks', () =>
    readFile(join(site.releasesDir, site.projectId, 'home', 'done')).then(
      () => true,
      () => false,
    ),
  );
  const next = await site.repository.commit();
  await site.deploy(next);
  await waitFor('one process', () => site.processes().length === 1, { timeoutMs: 30_000 });
  expect((await get(victim.port, '/pid')).body).toBe(String(victim.pid));
});
