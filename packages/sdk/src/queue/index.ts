export type { Redis } from 'ioredis';
export { type AnswerOptions, answerOnce, recordedAnswer } from './answer.js';
export { type ConnectOptions, closeRedis, connectRedis } from './connect.js';
export type { ErrorContext } from './dead-letter.js';
export { type Logger, silentLogger, withBindings } from './logger.js';
export { type ProgressEventInput, reportProgress } from './progress.js';
export { type Published, type PublishOptions, publish } from './publish.js';
export { currentPosition, type ReadLogOptions, readLog } from './read-log.js';
export { type QueueStats, queueStats } from './stats.js';
