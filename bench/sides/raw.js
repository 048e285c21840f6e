// The minimum: plain ioredis with prepared bytes, without validation, lease, retry or ownership.
import { engineeringQueue } from '@codegen/contracts';
import { Redis } from 'ioredis';
import { perSecond } from '../clock.js';
import { realisticMessages } from '../message.js';
import { addAll, preload } from '../preload.js';

const { stream, group } = engineeringQueue;

export async function open(url) {
  const redis = new Redis(url);

  return {
    /** Pipelines of XADD, one after the other. */
    async publish({ count, outstanding }) {
      await redis.flushall();
      const documents = realisticMessages(count).map((message) => JSON.stringify(message));
      return perSecond(count, () => addAll(redis, documents, outstanding));
    },

    /** Reads a page, acknowledges and deletes it with one XACK and one XDEL, reads the next. */
    async consume({ count, prefetch }) {
      await redis.flushall();
      await preload(redis, realisticMessages(count));
      await redis.xgroup('CREATE', stream, group, '0');
      return perSecond(count, async () => {
        for (;;) {
          const reply = await redis.xreadgroup('GROUP', group, 'raw', 'COUNT', prefetch, 'STREAMS', stream, '>');
          if (!reply) return;
          const ids = reply[0][1].map(([id]) => id);
          await redis
            .pipeline()
            .xack(stream, group, ...ids)
            .xdel(stream, ...ids)
            .exec();
        }
      });
    },

    close: () => redis.quit(),
  };
}
