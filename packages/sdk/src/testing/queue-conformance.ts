import type { ConformanceCase } from './conformance/conformance-case.js';
import { consumerCases } from './conformance/consumer-cases.js';
import { deadLetterCases } from './conformance/dead-letter-cases.js';
import { idempotencyCases } from './conformance/idempotency-cases.js';
import { logCases } from './conformance/log-cases.js';
import { lookingCases } from './conformance/looking-cases.js';
import { storeCases } from './conformance/store-cases.js';

export type { ConformanceCase, ConformanceSubject } from './conformance/conformance-case.js';

/**
 * What every implementation of `QueueStore` must do, as cases for any test runner: run each with a subject of yours; a
 * case that fails throws. They use streams of their own and may run side by side, but for those marked `alone`.
 */
export const queueConformance: readonly ConformanceCase[] = [
  ...storeCases,
  ...lookingCases,
  ...logCases,
  ...consumerCases,
  ...deadLetterCases,
  ...idempotencyCases,
];
