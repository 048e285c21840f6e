import { runConsumer } from '@codegen/sdk/consumer';
import { connectQueue, publish } from '@codegen/sdk/queue';
import { greetings } from './contract.js';

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const handler = async ({ name }) => console.log(`Hello, ${name}!`); // returning acknowledges; throwing tries again
const consumer = runConsumer({ redisUrl, contract: greetings, service: 'example', consumer: 'greeter-1', handler });
const queue = connectQueue(redisUrl);
await publish(queue, greetings, { name: 'Ada' });
setTimeout(() => Promise.all([consumer.stop(), queue.close()]), 500);
