import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureAgent, type StackSystem, startStack } from './support/system.js';

/** Asks for a URL every 10 ms until stopped, over kept-alive connections, and keeps what went wrong. */
function poll(url: string): { stop(): Promise<{ answers: number; releases: string[]; errors: string[] }> } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const errors: string[] = [];
  const releases = new Set<string>();
  const pending = new Set<Promise<void>>();
  let answers = 0;
  const ask = () =>
    new Promise<void>((resolve) => {
      const request = http.get(`${url}/health`, { agent, timeout: 10_000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          answers += 1;
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) releases.add((JSON.parse(text) as { release: string }).release);
          else errors.push(`${response.statusCode} ${text}`);
          resolve();
        });
      });
      request.on('timeout', () => request.destroy(new Error('no answer')));
      request.on('error', (error) => {
        errors.push(String(error));
        resolve();
      });
    });
  const timer = setInterval(() => {
    const one = ask().finally(() => pending.delete(one));
    pending.add(one);
  }, 10);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      agent.destroy();
      return { answers, releases: [...releases], errors };
    },
  };
}

describe('a second deploy', () => {
  let system: StackSystem;
  let url: string;
  let firstRelease: string;

  const engineer = async (spec: string) => {
    const built = await system.cli(['engineering', 'start', '--project', 'blog', '--spec', spec, '--wait', '--json']);
    expect(built.code, built.stdout + built.stderr).toBe(0);
    return built.json().data.result.commit_sha as string;
  };
  const deploy = () => system.cli(['deploy', 'start', '--project', 'blog', '--wait', '--json']);

  beforeAll(async () => {
    // The fixture builds what the spec says, and a release that never gets healthy where the spec asks for one.
    system = await startStack({
      agent: 'maybe-unhealthy',
      agents: { 'maybe-unhealthy': fixtureAgent('maybe-unhealthy') },
      env: { HEALTH_TIMEOUT_MS: '10000' },
    });
    await system.cli(['project', 'create', '--name', 'blog']);
    firstRelease = await engineer('The first text');
    const deployed = await deploy();
    expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
    url = deployed.json().data.result.deployed_url;
  });
  afterAll(() => system?.stop());

  it('drops no request of a client that asks every 10 ms', async () => {
    const secondRelease = await engineer('The second text');
    const polling = poll(url);
    const deployed = await deploy();
    expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { answers, releases, errors } = await polling.stop();
    expect(errors).toEqual([]);
    expect(answers).toBeGreaterThan(50);
    expect(releases).toEqual([firstRelease, secondRelease]);
    expect(deployed.json().data.result.deployed_url).toBe(url);
  });

  it('whose release never gets healthy fails, and the old release goes on serving', async () => {
    const before = (await (await fetch(`${url}/health`)).json()) as { release: string };
    await engineer('Please be UNHEALTHY');
    const polling = poll(url);
    const deployed = await deploy();
    const { releases, errors } = await polling.stop();
    expect(deployed.code).toBe(1);
    expect(deployed.json().error.details).toMatchObject({ status: 'failed', reason: 'unhealthy' });
    expect(errors).toEqual([]);
    expect(releases).toEqual([before.release]);
    expect((await (await fetch(`${url}/posts`)).json())[0].body).toBe('The second text');
  });

  it('is cancelled while its release is waited for, and the old release goes on serving', async () => {
    const before = (await (await fetch(`${url}/health`)).json()) as { release: string };
    const started = await system.cli(['deploy', 'start', '--project', 'blog', '--json']);
    const { id } = started.json().data;
    const read = async () => (await system.cli(['task', 'get', id, '--json'])).json().data;
    const logs = async () => (await system.cli(['task', 'logs', id, '--json'])).stdout;
    await expect.poll(logs).toContain('starting ');

    const askedMs = performance.now();
    await system.cli(['task', 'cancel', id]);
    await expect.poll(async () => (await read()).status, { interval: 100 }).toBe('cancelled');

    // Within 3 s where nothing else runs; the release would be waited for 10.
    expect(performance.now() - askedMs).toBeLessThan(6000);
    expect(await (await fetch(`${url}/health`)).json()).toEqual(before);
  });
});
