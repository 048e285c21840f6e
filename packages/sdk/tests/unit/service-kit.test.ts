import { expect, test } from 'vitest';
import { type ServiceKit, startService } from '../../src/service/index.js';
import { memoryQueue } from '../../src/testing/index.js';

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Starts a service and gives what it is made with. */
async function started(start: (service: ServiceKit) => Promise<void> | void) {
  return startService({ name: 'example', start: async (service) => start(service) }, { queue: memoryQueue() });
}

test('The last part of a service ends first, neighbours side by side, each whatever another one throws', async () => {
  const ended: string[] = [];
  const end = (name: string) => async () => void ended.push(name);
  const service = await started(({ onStop, keep, loop }) => {
    onStop(end('pool'));
    onStop(end('driver'));
    const first = deferred();
    // Each of the two waits for the other one.
    const second = deferred();
    keep({
      stop: async () => {
        first.resolve();
        await second.promise;
        ended.push('consumer');
      },
    });
    loop(async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      second.resolve();
      await first.promise;
      ended.push('loop');
    });
    onStop(() => Promise.reject(new Error('a file is lost')));
    onStop(end('last'));
  });
  await expect(service.stop()).rejects.toThrow('a file is lost');
  expect(ended).toHaveLength(5);
  expect([ended[0], ...ended.slice(3)]).toEqual(['last', 'driver', 'pool']);
});

test('What a start has begun ends where it fails', async () => {
  const ended: string[] = [];
  const service = started(({ onStop }) => {
    onStop(() => ended.push('pool'));
    throw new Error('the port is taken');
  });
  await expect(service).rejects.toThrow('the port is taken');
  expect(ended).toEqual(['pool']);
});

test('A service is done when a part of it cannot go on', async () => {
  const service = await started(({ keep }) => {
    keep({ done: Promise.reject(new Error('the key is refused')), stop: async () => undefined });
  });
  await expect(service.done).rejects.toThrow('the key is refused');
  await service.stop();
});

test('What a service lacks is told by its name', async () => {
  const start = async (service: ServiceKit) => void service.api;
  await expect(startService({ name: 'example', start }, {})).rejects.toThrow('example needs the API');
});
