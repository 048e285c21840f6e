import { z } from 'zod';
import { nullable } from '../base.js';
import { wireDatetime, wireNow } from '../datetime.js';
import { defineQueue } from '../define-queue.js';

/** A change in a worker's life. With `request_id` it is about one turn, without about the worker itself. */
export const workerLifecycleEvent = z.object({
  worker_id: z.string(),
  request_id: nullable(z.string()),
  event: z.enum(['started', 'completed', 'failed', 'stopped']),
  timestamp: wireDatetime.default(wireNow),
  result: nullable(z.string()).describe("The turn's text"),
  error: nullable(z.string()),
  exit_code: nullable(z.int()),
});
export type WorkerLifecycleEvent = z.infer<typeof workerLifecycleEvent>;

export const workerLifecycle = defineQueue({
  stream: 'worker:lifecycle',
  kind: 'work',
  model: 'WorkerLifecycleEvent',
  message: workerLifecycleEvent,
  group: 'worker-manager',
  producers: ['worker-wrapper'],
  consumers: ['worker-manager'],
  summary: "Changes in workers' lives and turns.",
});
