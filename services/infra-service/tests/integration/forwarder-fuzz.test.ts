import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get } from '../support/clients.js';
import { Dice, generatedAnswer, generatedRequest } from '../support/generated-http.js';
import { forwarderTo, rawRelease } from '../support/raw-http.js';

/** Generated requests and answers, together. FORWARDER_FUZZ=100000 is the long run. */
const TEXTS = Number(process.env.FORWARDER_FUZZ ?? 10_000);
const SEED = Number(process.env.FORWARDER_FUZZ_SEED ?? 1);
const AT_ONCE = 64;
/** For one case; the limits of the forwarder end each much earlier. */
const CASE_MS = 5000;
const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

const uncaught: string[] = [];
const onUncaught = (error: Error) => void uncaught.push(String(error.stack));
process.on('uncaughtExceptionMonitor', onUncaught);
afterEach(() => void process.off('uncaughtExceptionMonitor', onUncaught));

/** What is wrong with the heads of what a client got, if anything. */
function malformed(text: string): string | undefined {
  if (text === '') return undefined;
  if (!text.startsWith('HTTP/1.1 ')) return `begins with ${JSON.stringify(text.slice(0, 40))}`;
  const [line = '', ...fields] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  if (!/^HTTP\/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*$/.test(line)) return `status line ${JSON.stringify(line)}`;
  const bad = fields.find((field) => !/^[\w!#$%&'*+.^`|~-]+: [\t\x20-\x7e\x80-\xff]*$/.test(field));
  return bad === undefined ? undefined : `header ${JSON.stringify(bad)}`;
}

/** Sends bytes, in two pieces perhaps, and gives back what came, or why it took too long. */
function exchange(port: number, bytes: Buffer, cutAt: number): Promise<{ text: string; late: boolean }> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      socket.destroy();
    }, CASE_MS);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      // A connection that is kept or was upgraded has no end of its own.
      socket.setTimeout(20, () => socket.destroy());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ text, late });
    });
    socket.write(bytes.subarray(0, cutAt));
    if (cutAt < bytes.length) setImmediate(() => socket.write(bytes.subarray(cutAt)));
  });
}

test(`${TEXTS} generated requests and answers fail one by one, and nothing of them stays`, {
  timeout: TEXTS * 20,
}, async () => {
  let generated = 0;
  const release = await rawRelease((socket, head) => {
    if (head.includes(' /good')) {
      socket.end(GOOD);
      return;
    }
    const dice = new Dice(SEED * 7919 + Number(/\/case(\d+)/.exec(head)?.[1] ?? 0));
    generated += 1;
    const answer = Buffer.from(generatedAnswer(dice), 'latin1');
    const cutAt = dice.oneIn(4) ? dice.below(answer.length) : answer.length;
    socket.write(answer.subarray(0, cutAt));
    const rest = () => {
      if (dice.oneIn(6)) socket.destroy();
      else if (dice.oneIn(50)) socket.write(answer.subarray(cutAt));
      else socket.end(answer.subarray(cutAt));
    };
    if (cutAt < answer.length) setImmediate(rest);
    else rest();
  });
  const limits = {
    headMs: 200,
    bodyIdleMs: 100,
    releaseIdleMs: 100,
    upgradedIdleMs: 100,
    lingerMs: 100,
    continueMs: 20,
  };
  const { forwarder, port, log } = await forwarderTo(release.upstream, limits);
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  let next = 0;
  const one = async () => {
    while (generated < TEXTS) {
      generated += 1;
      next += 1;
      const number = next;
      const dice = new Dice(SEED * 104_729 + number);
      const bytes = Buffer.from(generatedRequest(dice, `/case${number}`), 'latin1');
      const { text, late } = await exchange(port, bytes, dice.oneIn(8) ? dice.below(bytes.length) : bytes.length);
      const problem = late ? 'no end' : malformed(text);
      if (problem) wrong.push(`case ${number} of seed ${SEED}: ${problem}`);
      const status = text.slice(9, 12);
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));

  expect(uncaught).toEqual([]);
  expect(wrong).toEqual([]);
  expect(log.filter(({ reason }) => String(reason).startsWith('unexpected'))).toEqual([]);
  for (const status of ['200', '400', '502']) expect(seen.get(status)).toBeGreaterThan(TEXTS / 100);
  expect((await get(port, '/good')).body).toBe('good');
  await waitFor('nothing to be left', () => release.upstream.inFlight === 0);
  release.upstream.agent.destroy();
  await waitFor('connections to the release to end', () => release.sockets.size === 0);
  await forwarder.close(0);
  if (process.env.FORWARDER_FUZZ) console.log(Object.fromEntries([...seen].sort()));
});
