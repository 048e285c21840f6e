export type { Redis } from 'ioredis';
export { type CurrentMessage, currentMessage, withCorrelation } from '../current-message.js';
export { type AnswerOptions, answerOnce, recordedAnswer } from './answer.js';
export { backoffMs } from './backoff.js';
export { type ConnectOptions, closeRedis, connectRedis, dropRedis } from './connect.js';
export { connectQueue, type QueueTarget } from './connect-queue.js';
export type { DeadLetterEntry } from './dead-letter.js';
export {
  type DeadLetterPage,
  defaultRetention,
  type ReadDeadLettersOptions,
  type ReplayOptions,
  type ReplayReport,
  readDeadLetters,
  replayDeadLetters,
  trimDeadLetters,
} from './dead-letters.js';
export { compareEntryIds } from './entry-id.js';
export type { Remembered } from './idempotency.js';
export { type Logger, silentLogger, withBindings } from './logger.js';
export { LossWatch } from './loss-watch.js';
export { type ProgressEventInput, reportProgress } from './progress.js';
export { type Published, type PublishOptions, publish } from './publish.js';
export { currentPosition, type LogEntry, type ReadLogOptions, readLog } from './read-log.js';
export { unlessWrongType } from './redis-errors.js';
export { requestIdsIn } from './request-ids.js';
export { queueStats } from './stats.js';
export type { QueueStats, QueueStore, Retention } from './store.js';
export { trimAcknowledged } from './trim-acknowledged.js';
export { sayFailed, whatIsAway } from './what-is-away.js';
