// The SDK as a service uses it.
import { engineeringQueue } from '@codegen/contracts';
import { runConsumer } from '@codegen/sdk/consumer';
import { closeRedis, connectRedis, publish } from '@codegen/sdk/queue';
import { bytesOf, inWindow, latencies, perSecond } from '../clock.js';
import { realisticMessages } from '../message.js';
import { preload } from '../preload.js';

export async function open(url) {
  const redis = connectRedis(url);
  await redis.ping();
  const publishOne = (message) => publish(redis, engineeringQueue, message);
  const consumer = (handler, options) =>
    runConsumer({
      redisUrl: url,
      contract: engineeringQueue,
      service: 'bench',
      consumer: `bench-${process.pid}`,
      handler,
      ...options,
    });

  return {
    async publish({ count, outstanding }) {
      await redis.flushall();
      const messages = realisticMessages(count);
      return perSecond(count, () => inWindow(messages, outstanding, publishOne));
    },

    async consume({ count, ...options }) {
      await redis.flushall();
      await preload(redis, realisticMessages(count));
      let running;
      const figure = await perSecond(count, async () => {
        let left = count;
        await new Promise((resolve) => {
          const handler = async () => {
            left -= 1;
            if (left === 0) resolve();
          };
          running = consumer(handler, options);
        });
        // The last handler has returned; wait until its entry is acknowledged too.
        while ((await redis.xlen(engineeringQueue.stream)) > 0);
      });
      await running.stop();
      return figure;
    },

    async latency({ count }) {
      await redis.flushall();
      let handled = () => undefined;
      const running = consumer(async () => handled());
      await running.ready;
      const listen = (call) => {
        handled = call;
      };
      const figure = await latencies(realisticMessages(count), listen, publishOne);
      await running.stop();
      return figure;
    },

    async memory({ count }) {
      await redis.flushall();
      return bytesOf(redis, () => inWindow(realisticMessages(count), 256, publishOne));
    },

    close: () => closeRedis(redis),
  };
}
