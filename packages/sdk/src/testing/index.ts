export { MemoryQueue, memoryQueue } from './memory-queue.js';
export { type ConformanceCase, type ConformanceSubject, queueConformance } from './queue-conformance.js';
