import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deployPortsFrom, freePort } from '../support/ports.js';
import { createDatabase } from '../support/postgres.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { Glossary, prints, readSteps } from './support/console-blocks.js';
import { processesIn, root } from './support/system.js';
import { Units } from './support/units.js';

let temp: Awaited<ReturnType<typeof tempFolder>>;
let database: Awaited<ReturnType<typeof createDatabase>>;
let redis: TestRedis;
let units: Units;
let port: number;
const portFrom = deployPortsFrom();
beforeAll(async () => {
  temp = await tempFolder('codegen-production');
  [database, redis] = await Promise.all([createDatabase(), startRedis()]);
  port = await freePort();
  for (const name of ['etc', 'srv', 'home']) await mkdir(join(temp.path, name));
  units = new Units(join(temp.path, 'etc'));
});
afterAll(async () => {
  await units?.kill();
  for (const pid of await processesIn(temp.path)) process.kill(pid, 'SIGKILL');
  await redis?.stop();
  await database?.drop();
  await temp?.remove();
});

let page: string;
const glossary = new Glossary();

it('a system is set up as docs/production.md says, and brings a sentence to a URL', async () => {
  page = await readFile(join(root, 'docs', 'production.md'), 'utf8');
  await writeAgent();
  await follow('Set up');
  await follow('The first task');
  expect(await (await fetch(`${site()}/posts`)).text()).toContain('The kettle that sings');
}, 120_000);

it('an upgrade in mid-task loses nothing and runs nothing twice', async () => {
  await rm(join(temp.path, 'turns'));
  await writeFile(join(temp.path, 'slow'), '');
  const spec = '# Tides\n\n## Low\n\nMud.';
  const task = (await json(`orchestrator engineering start --project blog --spec "${spec}" --json`)).id;
  await waitFor('the agent', async () => (await turns()).length > 0, { timeoutMs: 20_000 });
  const before = new Map(units.processes);
  await follow('Upgrade');
  for (const [name, child] of before) expect([name, units.processes.get(name) !== child]).toEqual([name, true]);

  const waited = await json(`orchestrator engineering wait ${task} --json`);
  expect(waited).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await turns()).toEqual(['develop']);
  const told = JSON.stringify(await json(`orchestrator task logs ${task} --json`));
  for (const once of [/the developer starts/g, /testing commit/g, /merging the tested commit/g]) {
    expect(told.match(once)).toHaveLength(1);
  }
  expect(told).not.toMatch(/worker_lost|new attempt/);
  expect(await json('orchestrator worker list --json')).toEqual({ items: [] });
  const deployed = await json('orchestrator deploy start --project blog --wait --json');
  expect(deployed.result.deployed_url).toBe(site());
  expect(await (await fetch(`${site()}/posts`)).text()).toContain('Low');
  // An upgrade is no fault of anybody.
  for (const [name, log] of units.logs) expect([name, /.*"level":(50|60).*/.exec(log)?.[0]]).toEqual([name, undefined]);
}, 120_000);

it('a backup brings all of it back, over what came later', async () => {
  const [backup, restore] = sectionOf('Backup and restore').split(/^Back again/m) as [string, string];
  await follow('Backup and restore', backup);
  await json('orchestrator project create later --json');
  // Its agent is at work when everything is stopped, which waits for it and for what comes of it.
  await rm(join(temp.path, 'turns'));
  await json('orchestrator engineering start --project later --spec x --json');
  await waitFor('the agent', async () => (await turns()).length > 0, { timeoutMs: 20_000 });
  await follow('Backup and restore', restore);
  expect(units.logs.get('codegen-worker-manager.service')).not.toContain('work that has begun is not done');
  const { items: projects } = await json('orchestrator project list --json');
  expect(projects.map(({ name }: { name: string }) => name)).toEqual(['blog']);
  await waitFor('the site', async () => (await (await fetch(`${site()}/posts`)).text()).includes('Low'), {
    timeoutMs: 20_000,
  });
  await rm(join(temp.path, 'slow'));
  const again = 'orchestrator engineering start --project blog --spec "# Tides\n\n## High\n\nWater." --wait --json';
  expect(await json(again)).toMatchObject({ status: 'completed' });
}, 120_000);

/** Does what a section of the page says, command by command, and looks whether it prints what the page shows. */
async function follow(title: string, text = sectionOf(title)): Promise<void> {
  const steps = readSteps(text);
  expect(steps.length, title).toBeGreaterThan(0);
  for (const { command, expected } of steps) {
    const typed = here(glossary.translate(command));
    const [program, ...words] = typed.split(' ');
    // What has just been started takes its time, for the reader too.
    const isLook = typed.startsWith('orchestrator diagnose');
    const said = async () => {
      if (program === 'systemctl') await units.systemctl(words);
      const print = program === 'systemctl' ? '' : await shell(typed, isLook);
      // The page has the account made before, which needs more rights than a test has.
      const noAccount = /^Warning: this machine has no account codegen,.*\n?/m;
      const text = print.replace(noAccount, '').replaceAll(join(temp.path, 'srv'), '/srv/codegen').trimEnd();
      return text === '' ? [] : text.split('\n');
    };
    let printed = await said();
    for (const deadline = Date.now() + 30_000; isLook && !fits(expected, printed) && Date.now() < deadline; ) {
      printed = await said();
    }
    if (!fits(expected, printed)) expect(printed.join('\n'), `$ ${typed}`).toBe(expected.join('\n'));
    glossary.learn(expected, printed);
  }
}

/** A diagnosis says what is wrong in words of its own, which the page's `…` would stand for too. */
function fits(expected: readonly string[], printed: readonly string[]): boolean {
  return prints(expected, printed) && !printed.some((line) => /^(✖|Error:)/.test(line));
}

/** A command of the page, with the places and ports of this run. */
function here(command: string): string {
  const srv = join(temp.path, 'srv');
  return command
    .replace(/sudo -u postgres (pg_\w+)(.*?) (?:--dbname=)?codegen/, `$1$2 --dbname=${database.url}`)
    .replaceAll('sudo -u codegen ', '')
    .replaceAll('sudo ', '')
    .replaceAll('redis-cli', `redis-cli -p ${redis.port}`)
    .replaceAll('/srv/codegen', srv)
    .replaceAll('/etc/systemd/system', join(temp.path, 'etc'))
    .replaceAll('/opt/codegen', root)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
    .replaceAll('--port 8000', `--port ${port}`)
    .replaceAll('18000-18999', `${portFrom}-${portFrom + 99}`);
}

/** The agent that the page calls "mine": the demo agent, which notes each turn and takes its time where the test says so. */
async function writeAgent(): Promise<void> {
  const notes = `echo develop >> '${join(temp.path, 'turns')}'; [ ! -e '${join(temp.path, 'slow')}' ] || sleep 6`;
  const agent = `${notes}; exec '${process.execPath}' '${join(root, 'examples', 'agents', 'demo-agent.js')}'`;
  await writeFile(
    join(temp.path, 'home', 'agents.json'),
    JSON.stringify({ mine: { command: ['/bin/sh', '-c', agent] } }),
  );
}

async function turns(): Promise<string[]> {
  return (await readFile(join(temp.path, 'turns'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
}

/** A command line as the operator types it, in the checkout's own command line. */
async function shell(command: string, mayFail = false): Promise<string> {
  const child = spawn('bash', ['-c', `exec 2>&1; ${command}`], {
    cwd: join(temp.path, 'home'),
    env: {
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
      HOME: join(temp.path, 'home'),
      ...{ DATABASE_URL: database.url, REDIS_URL: redis.url, ORCHESTRATOR_REDIS_URL: redis.url },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (!mayFail) expect(code, `$ ${command}\n${output}`).toBe(0);
  return output;
}

async function json(command: string) {
  return JSON.parse(await shell(`${command} 2>/dev/null`)).data;
}

function sectionOf(title: string): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`the page has no section ${title}`);
  return section;
}

/** Where the page's first task ends, in this run. */
function site(): string {
  const there = /http:\/\/127\.0\.0\.1:18\d{3}/.exec(sectionOf('The first task'))?.[0] as string;
  return glossary.translate(there);
}
