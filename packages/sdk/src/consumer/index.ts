export { type AnswerOptions, answerOnce, recordedAnswer } from '../queue/answer.js';
export { type AnsweringOptions, runAnsweringConsumer } from './answer-once.js';
export { LeaseLostError } from './held-entries.js';
export { oneAtATime } from './one-at-a-time.js';
export type {
  ConsumerMetrics,
  ConsumerOptions,
  DeadLetter,
  HandlerContext,
  Housekeeping,
  RunningConsumer,
  RunningService,
} from './options.js';
export { defaultRetry, type RetryPolicies } from './retry-policy.js';
export { runConsumer } from './run-consumer.js';
