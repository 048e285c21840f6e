import { z } from 'zod';
import { nullable } from '../base.js';
import { wireTimestamp } from '../datetime.js';
import { defineQueue } from '../define-queue.js';

/** A change in a worker's life. With `request_id` it is about one turn, without about the worker itself. */
export const workerLifecycleEvent = z
  .object({
    worker_id: z.string().describe('The worker that it is about'),
    request_id: nullable(z.string()).describe('The turn that it is about; null where it is about the worker itself'),
    event: z
      .enum(['started', 'completed', 'failed', 'stopped'])
      .describe('started, completed and failed are of a turn or of the worker; stopped ends the worker'),
    timestamp: wireTimestamp('When it happened'),
    result: nullable(z.string()).describe("The turn's text; set by completed turns"),
    error: nullable(z.string()).describe('What went wrong, for a person'),
    exit_code: nullable(z.int()).describe("The exit code of the turn's agent"),
  })
  .describe("A change in a worker's life: of one turn with request_id, of the worker itself without.");
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
