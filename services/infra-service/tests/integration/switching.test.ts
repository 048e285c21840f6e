import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get, poll } from '../support/clients.js';
import { openSite, type Site } from '../support/executor.js';

let site: Site;

afterEach(async () => {
  await site.close();
  expect(site.processes()).toEqual([]);
});

test('Nobody sees an error through three switches: 10 ms polls with and without keep-alive, 50 slow keep-alive clients', async () => {
  site = await openSite();
  const shas = [await site.repository.commit()];
  await site.deploy(shas[0] as string);
  const pollings = [
    poll(site.port, '/', { clients: 1, everyMs: 10, keepAlive: true }),
    poll(site.port, '/', { clients: 1, everyMs: 10, keepAlive: false }),
    // A POST is never repeated: one that the switch cuts would show.
    poll(site.port, '/slow?ms=300', { clients: 50, keepAlive: true, method: 'POST', body: 'x' }),
  ];
  for (let round = 0; round < 3; round += 1) {
    shas.push(await site.repository.commit());
    await site.deploy(shas.at(-1) as string);
    await sleep(400);
  }
  await Promise.all(pollings.map((polling) => polling.stop()));
  for (const { errors, answers } of pollings) {
    expect(errors).toEqual([]);
    // Every release answered, in the order of the deploys.
    expect([...new Set(answers)]).toEqual(shas);
  }
  await waitFor('one process', () => site.processes().length === 1);
});

test('A switch does not wait for an open event stream, and ends it after the time to drain', async () => {
  site = await openSite({ drainMs: 700 });
  await site.deploy(await site.repository.commit());
  const outgoing = request({ host: '127.0.0.1', port: site.port, path: '/ticks', agent: false }).end();
  const [stream] = (await once(outgoing, 'response')) as [IncomingMessage];
  stream.resume();
  let ended = false;
  stream.once('close', () => {
    ended = true;
  });
  stream.on('error', () => undefined);
  const next = await site.repository.commit();
  await site.deploy(next);
  const switched = Date.now();
  expect((await get(site.port, '/')).body).toBe(next);
  expect(ended).toBe(false);
  await waitFor('the old release to be ended', () => ended && site.processes().length === 1, { timeoutMs: 5000 });
  expect(Date.now() - switched).toBeGreaterThan(600);
});
