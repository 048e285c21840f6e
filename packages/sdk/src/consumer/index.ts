export { type AnswerOptions, answerOnce, recordedAnswer } from '../queue/answer.js';
export { giveSignsOfLife } from '../signs-of-life.js';
export { LeaseLostError } from './held-entries.js';
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
