import { z } from 'zod';
import { nullable } from '../base.js';
import { wireTimestamp } from '../datetime.js';
import { defineQueue } from '../define-queue.js';

/** A lifecycle event: of a turn with `request_id`, of the worker itself without. */
export const workerLifecycleEvent = z
  .object({
    worker_id: z.string().describe('The worker'),
    request_id: nullable(z.string()).describe('The turn; null for an event of the worker itself'),
    event: z
      .enum(['started', 'completed', 'failed', 'stopped'])
      .describe('started, completed and failed: of a turn or of the worker; stopped: the worker has ended'),
    timestamp: wireTimestamp('When it happened'),
    result: nullable(z.string()).describe("The turn's text; set on completed turns"),
    error: nullable(z.string()).describe('Human-readable error'),
    exit_code: nullable(z.int()).describe('Exit code of the agent'),
  })
  .describe('A lifecycle event: of a turn with request_id, of the worker itself without.');
export type WorkerLifecycleEvent = z.infer<typeof workerLifecycleEvent>;

export const workerLifecycle = defineQueue({
  stream: 'worker:lifecycle',
  kind: 'work',
  model: 'WorkerLifecycleEvent',
  message: workerLifecycleEvent,
  group: 'worker-manager',
  producers: ['worker-wrapper'],
  consumers: ['worker-manager'],
  summary: 'Lifecycle events of workers and turns.',
});
