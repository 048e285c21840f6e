import { workerLog } from '@codegen/contracts';
import { closeRedis, connectRedis, type Redis, readLog } from '@codegen/sdk/queue';
import { Redactor } from '@codegen/sdk/text';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { LogShipper } from '../../src/log-shipper.js';

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url);
});
afterAll(async () => {
  await closeRedis(redis);
  await server.stop();
});

/** What the log holds once `write` has been shipped. */
async function shipped(
  workerId: string,
  write: (log: LogShipper) => void,
  lines: number,
  last?: string,
): Promise<string[]> {
  const log = new LogShipper({ redis, workerId, redactor: new Redactor(['hunter2-hunter2']) });
  write(log);
  await log.flush();
  const found: string[] = [];
  const params = { worker_id: workerId };
  for await (const { message } of readLog(redis, workerLog, { params, from: '0', signal: AbortSignal.timeout(5000) })) {
    found.push(message.text);
    if (last === undefined ? found.length === lines : message.text === last) break;
  }
  return found;
}

it('holds no secret that a colour divides', async () => {
  const line = 'the key is \u001b[1mhunter2\u001b[31m-hunter2\u001b[0m';

  expect(await shipped('w-colours', (log) => log.write('agent', line, null), 1)).toEqual(['the key is [redacted]']);
});

it.each(['base64', 'hex'] as const)('holds no secret in %s that is broken into lines', async (encoding) => {
  const text = Buffer.from(`NAME=value\nTOKEN=hunter2-hunter2\n${'x'.repeat(40)}`).toString(encoding);
  for (const width of [20, 27, 40]) {
    const lines = ['before', ...(text.match(new RegExp(`.{1,${width}}`, 'g')) as string[]), 'after'];
    const write = (log: LogShipper) => lines.forEach((line) => void log.write('agent', line, null));
    const sent = (await shipped(`w-${encoding}-${width}`, write, 1, 'after')).join('');
    expect(sent).toMatch(/^before.*\[redacted\].*after$/);
    expect(Buffer.from(sent.replace(/before|\[redacted\]|after/g, ''), encoding).toString('latin1')).not.toContain(
      'nter',
    );
  }
});

it('sends a line that may be the start of a secret once nothing follows', async () => {
  expect(await shipped('w-held', (log) => log.write('agent', 'hunter2', 'turn'), 1)).toEqual(['hunter2']);
});

it('holds no secret of an error that the wrapper logs', async () => {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const write = (log: LogShipper) => log.tee(silent).warn({ error: 'refused: hunter2-hunter2' }, 'push failed');

  expect(await shipped('w-errors', write, 1)).toEqual(['warn push failed: refused: [redacted]']);
});
