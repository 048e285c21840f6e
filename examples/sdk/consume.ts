import { runConsumer } from '@codegen/sdk/consumer';
import { baseMessage, defineQueue } from '@codegen/sdk/contracts';
import { PermanentError } from '@codegen/sdk/errors';
import { connectQueue, publish } from '@codegen/sdk/queue';
import { z } from 'zod';

const invoices = defineQueue({
  stream: 'invoices',
  kind: 'work',
  group: 'printers',
  model: 'Invoice',
  message: baseMessage.extend({ customer: z.string(), cents: z.int() }),
  producers: ['example'],
  consumers: ['example'],
  summary: 'What to print.',
});

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const consumer = runConsumer({
  redisUrl,
  contract: invoices,
  service: 'example',
  consumer: 'printer-1',
  handler: async ({ customer, cents }, { signal }) => {
    if (cents < 0) throw new PermanentError('an invoice cannot be negative'); // a dead letter, at once
    signal.throwIfAborted(); // the consumer stops, or lost its lease
    console.log(`${customer} owes ${(cents / 100).toFixed(2)}`);
    void consumer.stop();
  },
});
const queue = connectQueue(redisUrl);
await publish(queue, invoices, { customer: 'Ada', cents: 1250 });
await consumer.done;
await queue.close();
