// BullMQ as in its guide: a connection for each class; jobs are removed like our entries.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { bytesOf, inWindow, latencies, perSecond } from '../clock.js';
import { realisticMessages } from '../message.js';

const NAME = 'engineering';
// We delete entries when we acknowledge them; by default BullMQ would keep each job, which costs time and memory.
const REMOVE = { removeOnComplete: true, removeOnFail: true };

export async function open(url) {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port) };
  const redis = new Redis(url);

  /** An empty queue that has already sent its scripts and metadata. */
  async function emptyQueue() {
    await redis.flushall();
    const queue = new Queue(NAME, { connection, defaultJobOptions: REMOVE });
    await queue.waitUntilReady();
    await queue.add('task', { warm: true });
    await queue.drain();
    return queue;
  }

  const worker = (handler, options) =>
    new Worker(NAME, handler, { connection: { ...connection, maxRetriesPerRequest: null }, ...options });

  return {
    async publish({ count, outstanding }) {
      const queue = await emptyQueue();
      const messages = realisticMessages(count);
      const figure = await perSecond(count, () =>
        inWindow(messages, outstanding, (message) => queue.add('task', message)),
      );
      await queue.close();
      return figure;
    },

    async consume({ count, concurrency }) {
      const queue = await emptyQueue();
      const jobs = realisticMessages(count).map((data) => ({ name: 'task', data }));
      for (let i = 0; i < count; i += 1000) await queue.addBulk(jobs.slice(i, i + 1000));
      let running;
      const figure = await perSecond(
        count,
        () =>
          new Promise((resolve, reject) => {
            let left = count;
            running = worker(async () => undefined, { concurrency });
            running.on('error', reject);
            // Emitted when Redis has stored the completion.
            running.on('completed', () => {
              left -= 1;
              if (left === 0) resolve();
            });
          }),
      );
      await running.close();
      await queue.close();
      return figure;
    },

    async latency({ count }) {
      const queue = await emptyQueue();
      let handled = () => undefined;
      const running = worker(async () => handled());
      await running.waitUntilReady();
      const listen = (call) => {
        handled = call;
      };
      const figure = await latencies(realisticMessages(count), listen, (message) => queue.add('task', message));
      await running.close();
      await queue.close();
      return figure;
    },

    async memory({ count }) {
      const queue = await emptyQueue();
      const bytes = await bytesOf(redis, () =>
        inWindow(realisticMessages(count), 256, (message) => queue.add('task', message)),
      );
      await queue.close();
      return bytes;
    },

    close: () => redis.quit(),
  };
}
