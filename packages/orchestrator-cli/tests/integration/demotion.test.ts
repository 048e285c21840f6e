import { expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { startRedisBehindName } from '../../../sdk/tests/support/redis-behind-name.js';
import { envelopeOf, makeSystem } from '../support/run-cli.js';

it('a wait and a tail go on over the demotion of their master: each message is there once, and seen once', async () => {
  const servers = await startRedisBehindName();
  const { fake, machine, stop } = await makeSystem();
  try {
    const env = { ORCHESTRATOR_REDIS_URL: servers.url };
    const start = ['engineering', 'start', '--project', 'todo-api', '--json', '--spec'];
    const tail = machine.start(['queue', 'tail', 'engineering:queue', '--since', '0', '--json'], { env });
    const waiting = machine.start([...start, 'before', '--wait'], { env });
    await waitFor('the first message', () => tail.stdout().includes('task_id'), { timeoutMs: 20_000 });
    const first = fake.onlyTask();
    await servers.failOver();

    const after = envelopeOf(await machine.run([...start, 'after'], { env }));
    expect(after).toMatchObject({ ok: true, warnings: [] });
    const second = String(after.data.id);
    await waitFor('the second message', () => tail.stdout().includes(second), { timeoutMs: 20_000 });
    fake.end(first, 'completed');
    expect(envelopeOf(await waiting.ended)).toMatchObject({ ok: true, data: { id: first, status: 'completed' } });

    tail.child.kill('SIGINT');
    const seen = (await tail.ended).stdout.match(/"task_id":"[^"]+"/g);
    expect(seen).toEqual([first, second].map((id) => `"task_id":"${id}"`));
    const entries = await servers.direct(servers.next).xrange('engineering:queue', '-', '+');
    expect(entries.map(([, [, data]]) => JSON.parse(data as string).task_id)).toEqual([first, second]);
  } finally {
    await stop();
    await servers.stop();
  }
});
