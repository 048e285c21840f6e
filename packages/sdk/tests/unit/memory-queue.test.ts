import { describe, test } from 'vitest';
import { memoryQueue, queueConformance } from '../../src/testing/index.js';

const queue = memoryQueue();
const subject = { queue, clear: async () => queue.clear() };

describe('queues in memory', () => {
  describe.concurrent('side by side', () => {
    for (const { title, run } of queueConformance.filter(({ alone }) => !alone)) test(title, () => run(subject));
  });
  for (const { title, run } of queueConformance.filter(({ alone }) => alone)) test(title, () => run(subject));
});
