import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startRedis } from './redis-server.js';

const SIDE_PROCESS = fileURLToPath(new URL('side-process.js', import.meta.url));

/**
 * Runs a part: its own server, a process for each entrant, one warm-up each, then rounds in which all take turns. After
 * `rounds.least`, a round begins only before `rounds.seconds` have passed.
 * Resolves with the figures of each entrant, one for each round.
 */
export async function runPart({ rounds, entrants }) {
  const redis = await startRedis();
  const names = Object.keys(entrants);
  const children = new Map();
  try {
    const figures = Object.fromEntries(names.map((name) => [name, []]));
    for (const name of names) {
      const { side, job, options, warmUp } = entrants[name];
      const child = fork(SIDE_PROCESS, [side, redis.url], { execArgv: ['--expose-gc'] });
      children.set(name, child);
      await reply(child);
      if (warmUp) await ask(child, job, { ...options, ...warmUp });
    }
    const start = performance.now();
    const inTime = () => performance.now() - start < rounds.seconds * 1000;
    for (let round = 0; round < rounds.least || (round < rounds.most && inTime()); round += 1) {
      for (const name of names) {
        const { job, options } = entrants[name];
        figures[name].push(await ask(children.get(name), job, options));
      }
    }
    return figures;
  } finally {
    await Promise.all([...children.values()].map(end));
    await redis.stop();
  }
}

function ask(child, job, options) {
  child.send({ job, options });
  return reply(child);
}

async function reply(child) {
  const ended = once(child, 'exit').then(([code, signal]) => ({ error: `a side ended with ${signal ?? code}` }));
  const [{ figure, error }] = await Promise.race([once(child, 'message'), ended.then((message) => [message])]);
  if (error) throw new Error(error);
  return figure;
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(timer);
}
